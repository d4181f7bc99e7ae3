#include "cli/ask/cache.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdint>
#include <ostream>
#include <vector>

#include "cli/ask/control_client.hpp"
#include "cli/ask/parsed_json.hpp"
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
  const auto number = [&](const char* key) { return held.at(key).get<std::uint64_t>(); };
  return fmt::format(
      "fresh   {}; stale {} (given only if no upstream answers), too old {}\n"
      "kinds   {} with records, {} NXDOMAIN, {} NODATA; {} for clients that ask for signatures\n"
      "types   {}\noldest  {}\n",
      number("fresh"), number("stale"), number("expired"), number("positive"), number("nxdomain"), number("nodata"),
      number("for_dnssec"), types(held.at("types")), for_how_long(held.at("oldest_seconds").get<double>()));
}

std::string entry(const ParsedJson& answer) {
  std::string bits;
  if (answer.at("dnssec_ok").get<bool>()) bits += " DO";
  if (answer.at("checking_disabled").get<bool>()) bits += " CD";
  const auto word = [&](const char* key) { return answer.at(key).get<std::string>(); };
  const auto seconds = [&](const char* key) { return for_how_long(answer.at(key).get<double>()); };
  const auto left = word("state") == "fresh"   ? fmt::format("fresh for {} more", seconds("ttl_seconds"))
                    : word("state") == "stale" ? std::string("stale")
                                               : std::string("too old");
  const auto kind = word("kind") == "nodata" ? "NODATA" : word("rcode");
  return fmt::format("{} {}{}  {}, {} old, {}, {} octets\n", word("name"), word("type"), bits, kind,
                     seconds("age_seconds"), left, answer.at("octets").get<std::uint64_t>());
}

std::string text_of(const ParsedJson& report, const CacheRequest& request) {
  if (request.name.empty() && request.below.empty())
    return fmt::format("cache   {} answers in {} of {}; {} stored, {} evicted since the start\n{}",
                       report.at("entries").get<std::uint64_t>(), memory(report.at("octets").get<std::uint64_t>()),
                       memory(report.at("budget").get<std::uint64_t>()), report.at("stored").get<std::uint64_t>(),
                       report.at("evicted").get<std::uint64_t>(), summary(report.at("held")));
  std::string text;
  for (const auto& answer : report.at("answers")) text += entry(answer);
  const ParsedJson& matching = report.at("matching");
  const auto all = matching.at("positive").get<std::uint64_t>() + matching.at("nxdomain").get<std::uint64_t>() +
                   matching.at("nodata").get<std::uint64_t>();
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
