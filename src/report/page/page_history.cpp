#include <fmt/format.h>

#include <array>
#include <optional>

#include "report/page/html.hpp"
#include "report/page/page_sections.hpp"

namespace tacet {
namespace {

/// What happened in a span of time. The times are means of the minutes' percentiles, weighted by the answers.
struct SpanSum {
  std::uint64_t questions = 0, cache = 0, stale = 0, failure = 0;
  double waited = 0, p50 = 0, p99 = 0;

  void add(const HistoryMinute& minute) {
    questions += minute.questions();
    cache += minute.cache;
    stale += minute.stale;
    failure += minute.failure;
    const double answers = minute.upstream + minute.stale + minute.failure;
    waited += answers;
    p50 += answers * static_cast<double>(minute.waited_p50);
    p99 += answers * static_cast<double>(minute.waited_p99);
  }
  std::string words(double sum) const { return waited > 0 ? milliseconds_words(1000 * sum / waited) : "–"; }
  std::string share(std::uint64_t count) const {
    return questions > 0 ? share_words(static_cast<double>(count) / static_cast<double>(questions)) : "–";
  }
};

std::string figure(std::string_view key, std::string_view name, const std::string& words) {
  return fmt::format(R"(<div><dt>{}</dt><dd data-h="{}">{}</dd></div>)", name, key, words);
}

std::string row(std::size_t hours_ago, const SpanSum& sum) {
  const auto when = hours_ago == 0 ? std::string("this hour") : fmt::format("{} h ago", hours_ago);
  return fmt::format(R"(<tr role="row"><th role="rowheader" scope="row">{}</th>{}{}{}{}{}{}</tr>)", when,
                     number_cell("questions", count_words(sum.questions)), number_cell("cache", count_words(sum.cache)),
                     number_cell("stale", count_words(sum.stale)), number_cell("failed", count_words(sum.failure)),
                     number_cell("p50", sum.words(sum.p50)), number_cell("p99", sum.words(sum.p99)));
}

}  // namespace

std::string figures_section(const PageView& view) {
  SpanSum day;
  for (const HistoryMinute& minute : view.minutes) day.add(minute);
  return figure("questions", "Questions", count_words(day.questions)) +
         figure("cache", "Answered from the cache", day.share(day.cache)) +
         figure("p50", "Typical wait for a new name", day.words(day.p50)) +
         figure("failure", "Failed", count_words(day.failure));
}

std::string hours_section(const PageView& view) {
  std::array<std::optional<SpanSum>, 24> hours;
  for (const HistoryMinute& minute : view.minutes) {
    const auto ago = std::chrono::duration_cast<std::chrono::hours>(view.now - minute.end).count();
    if (ago < 0 || ago >= 24) continue;
    auto& hour = hours[static_cast<std::size_t>(ago)];
    if (!hour) hour.emplace();
    hour->add(minute);
  }
  std::string out;
  for (std::size_t ago = 0; ago < hours.size(); ++ago)
    if (hours[ago]) out += row(ago, *hours[ago]);
  return out;
}

}  // namespace tacet
