#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdint>
#include <ostream>
#include <vector>

#include "base/phrase.hpp"
#include "cli/ask/control_client.hpp"
#include "cli/ask/parsed_json.hpp"
#include "cli/ask/verbs.hpp"
#include "cli/words.hpp"

namespace tacet {
namespace {

constexpr std::size_t most_types = 6;

/// "A 600, AAAA 400, 12 others", the most frequent first.
std::string types(const ParsedJson& counts) {
  std::vector<std::pair<std::uint64_t, std::string>> sorted;
  for (const auto& [type, count] : counts.items()) sorted.emplace_back(count.get<std::uint64_t>(), type);
  std::ranges::sort(sorted, std::greater{});
  std::vector<std::string> words;
  std::uint64_t others = 0;
  for (const auto& [count, type] : sorted) {
    if (words.size() < most_types)
      words.push_back(fmt::format("{} {}", type, count));
    else
      others += count;
  }
  if (others > 0) words.push_back(fmt::format("{} others", others));
  return words.empty() ? "none" : fmt::format("{}", fmt::join(words, ", "));
}

std::string summary(const ParsedJson& held) {
  return fmt::format(
      "fresh   {}; stale {} (given only if no upstream answers), too old {}\n"
      "kinds   {} with records, {} NXDOMAIN, {} NODATA; {} for clients that ask for signatures\n"
      "types   {}\noldest  {}\n",
      number(held, "fresh"), number(held, "stale"), number(held, "expired"), number(held, "positive"),
      number(held, "nxdomain"), number(held, "nodata"), number(held, "for_dnssec"), types(held.at("types")),
      for_how_long(held.at("oldest_seconds").get<double>()));
}

std::string entry(const ParsedJson& answer) {
  std::string bits;
  if (answer.at("dnssec_ok").get<bool>()) bits += " DO";
  if (answer.at("checking_disabled").get<bool>()) bits += " CD";
  const auto seconds = [&](const char* key) { return for_how_long(answer.at(key).get<double>()); };
  const auto left = word(answer, "state") == "fresh"   ? fmt::format("fresh for {} more", seconds("ttl_seconds"))
                    : word(answer, "state") == "stale" ? std::string("stale")
                                                       : std::string("too old");
  const auto kind = word(answer, "kind") == "nodata" ? "NODATA" : word(answer, "rcode");
  return fmt::format("{} {}{}  {}, {} old, {}, {} octets\n", word(answer, "name"), word(answer, "type"), bits, kind,
                     seconds("age_seconds"), left, number(answer, "octets"));
}

std::string text_of(const ParsedJson& report, const CacheRequest& request) {
  if (request.name.empty() && request.below.empty())
    return fmt::format("cache   {} answers in {} of {}; {} stored, {} evicted since the start\n{}",
                       number(report, "entries"), octets_words(number(report, "octets")),
                       octets_words(number(report, "budget")), number(report, "stored"), number(report, "evicted"),
                       summary(report.at("held")));
  std::string text;
  for (const auto& answer : report.at("answers")) text += entry(answer);
  const ParsedJson& matching = report.at("matching");
  const auto all = number(matching, "positive") + number(matching, "nxdomain") + number(matching, "nodata");
  if (all > report.at("answers").size()) text += fmt::format("… and {} more\n", all - report.at("answers").size());
  return all == 0 ? "nothing is kept\n" : text;
}

}  // namespace

int run_cache(const std::string& socket_path, const CacheRequest& request, std::ostream& out, std::ostream& err) {
  ControlRequest control{.method = "GET", .path = "/cache"};
  if (!request.name.empty()) control.parameters.emplace("name", request.name);
  if (!request.below.empty()) control.parameters.emplace("below", request.below);
  return show(ask(socket_path, control), request.json,
              [&](const ParsedJson& report) { return text_of(report, request); }, {out, err});
}

}  // namespace tacet
