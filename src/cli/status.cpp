#include "cli/status.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <ostream>
#include <vector>

#include "cli/control_client.hpp"

namespace tacet {
namespace {

using Json = nlohmann::ordered_json;

std::uint64_t number(const Json& json, const char* key) { return json.at(key).get<std::uint64_t>(); }

std::string for_how_long(double seconds) {
  const auto whole = static_cast<std::uint64_t>(seconds);
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {} s", whole / 60, whole % 60);
  if (whole < 86400) return fmt::format("{} h {} min", whole / 3600, whole / 60 % 60);
  return fmt::format("{} d {} h", whole / 86400, whole / 3600 % 24);
}

std::string percentiles(const Json& json, const char* relation) {
  if (json.at("p50_ms").is_null()) return "no times yet";
  const auto time = [&](const char* key) { return json.at(key).get<double>(); };
  return fmt::format("p50 {0}{1:.4g} ms, p95 {0}{2:.4g} ms, p99 {0}{3:.4g} ms", relation, time("p50_ms"),
                     time("p95_ms"), time("p99_ms"));
}

std::string heading(const Json& status) {
  const auto workers = number(status, "workers");
  return fmt::format(
      "tacet {}, up {}, {} worker{}, listening on {}, log level {}\n", status.at("version").get<std::string>(),
      for_how_long(status.at("uptime_seconds").get<double>()), workers, workers == 1 ? "" : "s",
      fmt::join(status.at("listen").get<std::vector<std::string>>(), ", "), status.at("log_level").get<std::string>());
}

std::string queries(const Json& status) {
  const Json& queries = status.at("queries");
  return fmt::format("queries   {} by UDP, {} by TCP ({} clients now); {} refused, {} dropped, {} waiting\n",
                     number(queries, "udp"), number(queries, "tcp"), number(status, "tcp_clients"),
                     number(queries, "refused_at_once"), number(queries, "dropped"), number(status, "pending"));
}

std::string answers(const Json& status) {
  const Json& answers = status.at("answers");
  std::uint64_t all = 0;
  for (const auto& count : answers) all += count.get<std::uint64_t>();
  const auto cached = number(answers, "cache");
  std::string text = fmt::format("answers   {} from cache ({} %), {} from upstreams, {} stale, {} local, {} failed\n",
                                 cached, all == 0 ? 0 : cached * 100 / all, number(answers, "upstream"),
                                 number(answers, "stale"), number(answers, "policy"), number(answers, "failure"));
  std::vector<std::string> rcodes;
  for (const auto& [name, count] : status.at("rcodes").items())
    rcodes.push_back(fmt::format("{} {}", count.get<std::uint64_t>(), name));
  if (!rcodes.empty()) text += fmt::format("          {}\n", fmt::join(rcodes, ", "));
  return text;
}

std::string misses(const Json& status) {
  const Json& times = status.at("miss_time");
  if (number(times, "count") == 0) return {};
  const Json& events = status.at("events");
  return fmt::format("misses    {}; {} shared, {} hedged ({} won), {} tried again\n", percentiles(times, "≤ "),
                     number(events, "coalesced"), number(events, "hedges_sent"), number(events, "hedges_won"),
                     number(events, "retries"));
}

std::string memory(std::uint64_t octets) {
  const auto kibi = static_cast<double>(octets) / 1024;
  return kibi < 1024 ? fmt::format("{:.1f} KiB", kibi) : fmt::format("{:.1f} MiB", kibi / 1024);
}

std::string cache(const Json& status) {
  const Json& cache = status.at("cache");
  return fmt::format("cache     {} answers in {} of {}; {} stored, {} evicted\n", number(cache, "entries"),
                     memory(number(cache, "octets")), memory(number(cache, "budget")), number(cache, "stored"),
                     number(cache, "evicted"));
}

std::string in_the_clear(const Json& status) {
  return fmt::format("plaintext {} look-ups of upstreams' names\n", number(status, "plaintext_lookups"));
}

std::string connection(const Json& facts) {
  if (facts.is_null()) return "  never connected\n";
  const auto word = [&](const char* key) { return facts.at(key).is_null() ? "?" : facts.at(key).get<std::string>(); };
  if (word("transport") == "UDP") return "  by plain DNS, UDP and TCP: everybody on the way can read the names\n";
  const auto sni = facts.at("sni").is_null() ? "no name sent in clear" : "sends " + word("sni") + " in clear (SNI)";
  return fmt::format("  {} to {}, {}, {}{}; certificate of {}; {}\n", word("transport"), word("address"),
                     word("tls_version"), word("key_exchange"), facts.at("resumed").get<bool>() ? ", resumed" : "",
                     word("verified"), sni);
}

std::string upstream(const Json& lane) {
  std::string text =
      fmt::format("\n{}  {}, {}\n", lane.at("id").get<std::string>(), lane.at("state").get<std::string>(),
                  lane.at("warm").get<bool>() ? "connected" : "not connected");
  text += connection(lane.at("connection"));
  text += fmt::format("  answers {}, failures {}, connections {} ({} resumed); {}\n", number(lane, "answers"),
                      number(lane, "failures"), number(lane, "connections"), number(lane, "resumptions"),
                      percentiles(lane, ""));
  if (!lane.at("last_error").is_null())
    text += fmt::format("  last error: {}\n", lane.at("last_error").get<std::string>());
  return text;
}

/// The second connection to an upstream, while the first has been enough. (A URL has no '#' of its own.)
bool is_spare(const Json& lane) {
  return lane.at("id").get<std::string>().find('#') != std::string::npos && lane.at("connection").is_null() &&
         lane.at("last_error").is_null();
}

std::string zone(const Json& zone) {
  const bool in_clear = zone.at("in_clear").get<bool>();
  std::string text = fmt::format(
      "\nzone {}: its names go to {} and nowhere else{}\n", zone.at("zone").get<std::string>(),
      zone.at("upstreams").size() == 1 ? "this server" : "these servers", in_clear ? ", IN CLEAR" : ", encrypted");
  for (const auto& lane : zone.at("upstreams"))
    if (!is_spare(lane)) text += upstream(lane);
  return text;
}

std::string status_text(const Json& status) {
  std::string text = heading(status) + "\n" + queries(status) + answers(status) + misses(status) + cache(status) +
                     in_the_clear(status);
  for (const auto& lane : status.at("upstreams"))
    if (!is_spare(lane)) text += upstream(lane);
  for (const auto& each : status.at("zones")) text += zone(each);
  return text;
}

}  // namespace

int run_status(const std::string& socket_path, StatusForm form, std::ostream& out, std::ostream& err) {
  const auto status = ask(socket_path, {.method = "GET", .path = "/status"});
  if (!status) {
    err << "tacet: " << status.error().detail << '\n';
    return 1;
  }
  try {
    out << (form == StatusForm::json ? status->dump(2) + "\n" : status_text(*status));
  } catch (const Json::exception& missing) {
    err << "tacet: the tacet that is running is of another version (try --json): " << missing.what() << '\n';
    return 1;
  }
  return 0;
}

}  // namespace tacet
