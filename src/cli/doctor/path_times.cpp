#include "cli/doctor/path_times.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/duration.hpp"
#include "observe/rank.hpp"
#include "report/json.hpp"

namespace tacet {
namespace {

Json json_of(Duration time) { return time == Duration::zero() ? Json(nullptr) : Json(milliseconds(time)); }

/// Of sorted times; zero if there is none.
Duration percentile(const std::vector<Duration>& sorted, double share) {
  return sorted.empty() ? Duration() : sorted[rank_of(share, sorted.size())];
}

}  // namespace

std::string path_times_text(std::vector<PathTimes> times) {
  std::ranges::stable_sort(times, {}, [](const PathTimes& each) {
    return each.round_trips.empty() ? Duration::max() : percentile(each.round_trips, 0.5);
  });
  std::string text = fmt::format("{:<44} {:>9} {:>9} {:>9}  {}\n", "way", "p50", "p95", "answered", "site");
  for (const auto& each : times) {
    const auto way = way_text(each.way);
    if (each.round_trips.empty()) {
      text += fmt::format("{:<44} no answer: {}\n", way, each.way.words.empty() ? "silence" : each.way.words);
      continue;
    }
    text += fmt::format(
        "{:<44} {:>6.1f} ms {:>6.1f} ms {:>9}  {}\n", way, milliseconds(percentile(each.round_trips, 0.5)),
        milliseconds(percentile(each.round_trips, 0.95)), fmt::format("{}/{}", each.round_trips.size(), each.asked),
        each.way.site.empty() ? "-" : each.way.site);
  }
  return text;
}

std::string path_times_json(const std::vector<PathTimes>& times) {
  Json list = Json::array();
  for (const auto& each : times)
    list.push_back({{"way", way_text(each.way)},
                    {"upstream", each.way.upstream},
                    {"transport", to_string(each.way.transport)},
                    {"address", each.way.address.empty() ? Json(nullptr) : Json(each.way.address)},
                    {"path", each.way.way.empty() ? Json(nullptr) : Json(each.way.way)},
                    {"site", each.way.site.empty() ? Json(nullptr) : Json(each.way.site)},
                    {"asked", each.asked},
                    {"answered", each.round_trips.size()},
                    {"p50_ms", json_of(percentile(each.round_trips, 0.5))},
                    {"p95_ms", json_of(percentile(each.round_trips, 0.95))},
                    {"error", each.way.words.empty() ? Json(nullptr) : Json(each.way.words)}});
  return list.dump() + '\n';
}

}  // namespace tacet
