#include "cli/ask/status_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "cli/ask/parsed_json.hpp"
#include "cli/words.hpp"

namespace tacet {
namespace {

std::uint64_t number(const ParsedJson& json, const char* key) { return json.at(key).get<std::uint64_t>(); }

std::string percent(const ParsedJson& share) { return fmt::format("{:.4g} %", share.get<double>() * 100); }

std::string percentiles(const ParsedJson& json, const char* relation) {
  if (json.at("p50_ms").is_null()) return "no times yet";
  const auto time = [&](const char* key) { return json.at(key).get<double>(); };
  return fmt::format("p50 {0}{1:.4g} ms, p95 {0}{2:.4g} ms, p99 {0}{3:.4g} ms", relation, time("p50_ms"),
                     time("p95_ms"), time("p99_ms"));
}

std::string heading(const ParsedJson& status) {
  const auto workers = number(status, "workers");
  const auto absent = status.at("listen_absent").get<std::vector<std::string>>();
  const std::string missing =
      absent.empty() ? ""
                     : fmt::format("not on this machine now, so nobody can ask there: {}\n", fmt::join(absent, ", "));
  return fmt::format("tacet {}, up {}, {} worker{}, listening on {}, log level {}\n{}",
                     status.at("version").get<std::string>(), for_how_long(status.at("uptime_seconds").get<double>()),
                     workers, workers == 1 ? "" : "s",
                     fmt::join(status.at("listen").get<std::vector<std::string>>(), ", "),
                     status.at("log_level").get<std::string>(), missing);
}

std::string queries(const ParsedJson& status) {
  const ParsedJson& queries = status.at("queries");
  return fmt::format("queries   {} by UDP, {} by TCP ({} clients now); {} refused, {} dropped, {} waiting\n",
                     number(queries, "udp"), number(queries, "tcp"), number(status, "tcp_clients"),
                     number(queries, "rejected"), number(queries, "dropped"), number(status, "pending"));
}

std::string answers(const ParsedJson& status) {
  const ParsedJson& answers = status.at("answers");
  const ParsedJson& hit_rate = status.at("hit_rate");
  const auto rate = hit_rate.is_null() ? std::string() : fmt::format(" (hit rate {})", percent(hit_rate));
  std::string text = fmt::format("answers   {} from cache{}, {} from upstreams, {} stale, {} local, {} failed\n",
                                 number(answers, "cache"), rate, number(answers, "upstream"), number(answers, "stale"),
                                 number(answers, "policy"), number(answers, "failure"));
  std::vector<std::string> rcodes;
  for (const auto& [name, count] : status.at("rcodes").items())
    rcodes.push_back(fmt::format("{} {}", count.get<std::uint64_t>(), name));
  if (!rcodes.empty()) text += fmt::format("          {}\n", fmt::join(rcodes, ", "));
  return text;
}

/// Since the start; each is the bound of a bucket.
std::string times(const ParsedJson& status) {
  const ParsedJson& times = status.at("times");
  std::string text;
  for (const auto& [key, what] : {std::pair{"all", "all"}, {"at_once", "at once"}, {"waited", "waited"}}) {
    const ParsedJson& of = times.at(key);
    if (number(of, "count") == 0) continue;
    text += fmt::format("{:<9} {:<8} {}\n", text.empty() ? "times" : "", what, percentiles(of, "≤ "));
  }
  const ParsedJson& events = status.at("events");
  if (number(times.at("waited"), "count") > 0)
    text += fmt::format("          {} shared, {} hedged ({} won), {} tried again\n", number(events, "coalesced"),
                        number(events, "hedges_sent"), number(events, "hedges_won"), number(events, "retries"));
  return text;
}

std::string cache(const ParsedJson& status) {
  const ParsedJson& cache = status.at("cache");
  return fmt::format("cache     {} answers in {} of {}; {} stored, {} evicted\n", number(cache, "entries"),
                     memory(number(cache, "octets")), memory(number(cache, "budget")), number(cache, "stored"),
                     number(cache, "evicted"));
}

/// Nothing unless there is one: it is off by default, and whoever turned it on wants to know.
std::string query_log(const ParsedJson& status) {
  const ParsedJson& log = status.at("query_log");
  if (log.at("to") == "off") return {};
  return fmt::format("query log {} queries to {}; {} dropped, {} could not be written\n", number(log, "written"),
                     log.at("to").get<std::string>(), number(log, "dropped"), number(log, "failed"));
}

std::string exposure(const ParsedJson& status) {
  const ParsedJson& exposure = status.at("exposure");
  const ParsedJson& states = exposure.at("states");
  std::string text = "exposure  names are not kept";
  if (exposure.at("mode") != "off")
    text = fmt::format("exposure  of {} names {} offer ECH, {} do not, {} are not known", number(exposure, "names"),
                       number(states, "ech"), number(states, "no ech") + number(states, "no https record"),
                       number(states, "unknown"));
  return text + fmt::format("; {} of {} connections showed a name (SNI)\n          {} look-ups in plaintext\n",
                            number(exposure, "connections_with_sni_in_clear"), number(exposure, "connections"),
                            number(status, "plaintext_lookups"));
}

/// What holds, and what does not, each with what is to be said of it.
std::string confinement(const ParsedJson& status) {
  const ParsedJson& confinement = status.at("confinement");
  std::vector<std::string> on, off;
  for (const char* name : {"no_new_privs", "capabilities", "seccomp", "landlock"}) {
    const ParsedJson& restraint = confinement.at(name);
    const ParsedJson& detail = restraint.at("detail");
    (restraint.at("on").get<bool>() ? on : off)
        .push_back(detail.is_null() ? name : fmt::format("{} ({})", name, detail.get<std::string>()));
  }
  std::string text = fmt::format("confined  as user {}", confinement.at("user").get<std::string>());
  if (!on.empty()) text += fmt::format("; by {}", fmt::join(on, ", "));
  if (!off.empty()) text += fmt::format("; not by {}", fmt::join(off, ", "));
  return text + "\n";
}

/// Channels that all workers have, each once: counts and shares added up, the worst state and the slowest times.
ParsedJson merged(const ParsedJson& channels) {
  ParsedJson all = ParsedJson::array();
  for (const auto& channel : channels) {
    const auto same = std::ranges::find(all, channel.at("id"), [](const ParsedJson& known) { return known.at("id"); });
    if (same == all.end()) {
      all.push_back(channel);
      continue;
    }
    for (const char* key : {"answers", "failures", "connections", "resumptions", "reissued", "outstanding"})
      (*same)[key] = number(*same, key) + number(channel, key);
    for (const char* key : {"p50_ms", "p95_ms", "p99_ms"})
      if ((*same)[key].is_null() || (!channel.at(key).is_null() && channel.at(key) > (*same)[key]))
        (*same)[key] = channel.at(key);
    for (const char* key : {"connection", "last_error"})
      if ((*same)[key].is_null()) (*same)[key] = channel.at(key);
    if (!channel.at("share").is_null())
      (*same)["share"] = (*same)["share"].get<double>() + channel.at("share").get<double>();
    if (channel.at("state") != "good") (*same)["state"] = channel.at("state");
    (*same)["warm"] = (*same)["warm"].get<bool>() || channel.at("warm").get<bool>();
  }
  return all;
}

std::string connection(const ParsedJson& facts) {
  if (facts.is_null()) return "  never connected\n";
  const auto word = [&](const char* key) { return facts.at(key).is_null() ? "?" : facts.at(key).get<std::string>(); };
  if (word("transport") == "UDP") return "  by plain DNS, UDP and TCP: everybody on the way can read the names\n";
  const auto sni = facts.at("sni").is_null() ? "no name sent in clear" : "sends " + word("sni") + " in clear (SNI)";
  return fmt::format("  {} to {}, {}, {}{}; certificate of {}; {}\n", word("transport"), word("address"),
                     word("tls_version"), word("key_exchange"), facts.at("resumed").get<bool>() ? ", resumed" : "",
                     word("verified"), sni);
}

std::string upstream(const ParsedJson& channel) {
  const ParsedJson& share = channel.at("share");
  std::string text =
      fmt::format("\n{}  {}, {}{}\n", channel.at("id").get<std::string>(), channel.at("state").get<std::string>(),
                  channel.at("warm").get<bool>() ? "connected" : "not connected",
                  share.is_null() ? std::string() : fmt::format(", {} of answers", percent(share)));
  text += connection(channel.at("connection"));
  text += fmt::format("  round trips: {}; answers {}, failures {}, connections {} ({} resumed)\n",
                      percentiles(channel, ""), number(channel, "answers"), number(channel, "failures"),
                      number(channel, "connections"), number(channel, "resumptions"));
  if (!channel.at("last_error").is_null())
    text += fmt::format("  last error: {}\n", channel.at("last_error").get<std::string>());
  return text;
}

/// The second connection to an upstream, while the first has been enough. (A URL has no '#' of its own.)
bool is_spare(const ParsedJson& channel) {
  return channel.at("id").get<std::string>().find('#') != std::string::npos && channel.at("connection").is_null() &&
         channel.at("last_error").is_null();
}

std::string zone(const ParsedJson& zone) {
  const bool in_clear = zone.at("in_clear").get<bool>();
  std::string text =
      fmt::format("\nzone {}: its names go to {} and nowhere else{}\n", zone.at("zone").get<std::string>(),
                  merged(zone.at("upstreams")).size() == 1 ? "this server" : "these servers",
                  in_clear ? ", IN CLEAR" : ", encrypted");
  for (const auto& channel : merged(zone.at("upstreams")))
    if (!is_spare(channel)) text += upstream(channel);
  return text;
}

}  // namespace

std::string status_text(const ParsedJson& status) {
  std::string text = heading(status) + "\n" + queries(status) + answers(status) + times(status) + cache(status) +
                     query_log(status) + exposure(status) + confinement(status);
  for (const auto& channel : merged(status.at("upstreams")))
    if (!is_spare(channel)) text += upstream(channel);
  for (const auto& each : status.at("zones")) text += zone(each);
  return text;
}

}  // namespace tacet
