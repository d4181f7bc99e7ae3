#include "cli/ask/status_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/phrase.hpp"
#include "cli/ask/parsed_json.hpp"
#include "cli/words.hpp"

namespace tacet {
namespace {

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
  return fmt::format("tacet {}, up {}, {} worker{}, listening on {}, log level {}\n{}", word(status, "version"),
                     for_how_long(status.at("uptime_seconds").get<double>()), workers, workers == 1 ? "" : "s",
                     fmt::join(status.at("listen").get<std::vector<std::string>>(), ", "), word(status, "log_level"),
                     missing);
}

/// What the summary says if new names fail; empty otherwise, because the lines below tell all else that it knows.
std::string trouble(const ParsedJson& status) {
  const ParsedJson& summary = status.at("summary");
  if (summary.at("state") != "bad") return {};
  std::string text = fmt::format("trouble   {}\n", word(summary, "sentence"));
  for (const auto& warning : summary.at("warnings")) text += fmt::format("          {}\n", warning.get<std::string>());
  return text + "\n";
}

/// One transport in the line about queries; empty for a transport that nobody used.
std::string stream_queries(const ParsedJson& status, const char* key, std::string_view transport) {
  const auto asked = number(status.at("queries"), key);
  const auto clients = number(status, fmt::format("{}_clients", key).c_str());
  return asked + clients == 0 ? "" : fmt::format(", {} by {} ({} clients now)", asked, transport, clients);
}

std::string queries(const ParsedJson& status) {
  const ParsedJson& queries = status.at("queries");
  return fmt::format("queries   {} by UDP, {} by TCP ({} clients now){}{}; {} rejected, {} dropped, {} waiting\n",
                     number(queries, "udp"), number(queries, "tcp"), number(status, "tcp_clients"),
                     stream_queries(status, "tls", "TLS"), stream_queries(status, "https", "HTTPS"),
                     number(queries, "rejected"), number(queries, "dropped"), number(status, "pending"));
}

/// One line for each certificate of an encrypted listener.
std::string certificates(const ParsedJson& status) {
  std::string text;
  for (const auto& each : status.at("certificates")) {
    const auto days = each.at("days_left").get<int>();
    const auto date = word(each, "not_after").substr(0, std::string_view("2026-01-01").size());
    text += fmt::format("{:<11} of the {} listener {}\n", text.empty() ? "certificate" : "", word(each, "listener"),
                        days < 0 ? fmt::format("ended on {}", date)
                                 : fmt::format("until {}, {} more day{}", date, days, days == 1 ? "" : "s"));
  }
  return text;
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

/// The times since the start; each is the bound of a bucket.
std::string times(const ParsedJson& status) {
  const ParsedJson& times = status.at("times");
  std::string text;
  for (const auto& [key, what] : {std::pair{"all", "all"}, {"at_once", "at once"}, {"waited", "waited"}}) {
    const ParsedJson& of = times.at(key);
    if (number(of, "count") == 0) continue;
    text += fmt::format("{:<9} {:<8} {}\n", text.empty() ? "times" : "", what, percentiles(of, "≤ "));
  }
  return text;
}

/// The events with a count, named by their keys.
std::string events(const ParsedJson& status) {
  constexpr std::size_t in_a_line = 6;
  std::vector<std::string> happened;
  for (const auto& [key, count] : status.at("events").items()) {
    if (count == 0) continue;
    std::string words = key;
    std::ranges::replace(words, '_', ' ');
    happened.push_back(fmt::format("{} {}", words, count.get<std::uint64_t>()));
  }
  std::string text;
  for (std::size_t i = 0; i < happened.size(); ++i) {
    const char* const before = i == 0 ? "events    " : i % in_a_line == 0 ? ",\n          " : ", ";
    text += before + happened[i];
  }
  return text.empty() ? text : text + "\n";
}

/// What was fetched before a client asked; empty without any.
std::string ahead(const ParsedJson& status) {
  const ParsedJson& events = status.at("events");
  const std::uint64_t asked = number(events, "prefetches") + number(events, "followers_asked");
  const std::uint64_t used = number(events, "prefetches_used") + number(events, "followers_used");
  if (asked == 0) return {};
  return fmt::format("ahead     {} answers fetched before a client asked, {} of these used ({} %)\n", asked, used,
                     used * 100 / asked);
}

std::string cache(const ParsedJson& status) {
  const ParsedJson& cache = status.at("cache");
  return fmt::format("cache     {} answers in {} of {}; {} stored, {} evicted\n", number(cache, "entries"),
                     octets_words(number(cache, "octets")), octets_words(number(cache, "budget")),
                     number(cache, "stored"), number(cache, "evicted"));
}

/// The line about validation; empty while it is off.
std::string dnssec(const ParsedJson& status) {
  const ParsedJson& dnssec = status.at("dnssec");
  if (dnssec.at("mode") == "off") return {};
  const ParsedJson& zones = dnssec.at("zones");
  std::string text = fmt::format("dnssec    {}: {} secure, {} insecure, {} bogus, {} not known; {} repaired\n",
                                 word(dnssec, "mode"), number(dnssec, "secure"), number(dnssec, "insecure"),
                                 number(dnssec, "bogus"), number(dnssec, "indeterminate"), number(dnssec, "repaired"));
  std::vector<std::string> anchors;
  for (const auto& anchor : dnssec.at("anchors"))
    anchors.push_back(fmt::format("{} {}", word(anchor, "zone"), number(anchor, "key_tag")));
  text += fmt::format("          {} signed and {} unsigned zones known; anchors {}\n",
                      number(zones, "signed") + number(zones, "delegated"), number(zones, "unsigned"),
                      fmt::join(anchors, ", "));
  for (const auto& file : dnssec.at("anchor_files"))
    text += fmt::format("          anchors from {}, {} old\n", word(file, "path"),
                        for_how_long(file.at("age_seconds").get<double>()));
  for (const auto& zone : dnssec.at("ignored"))
    text += fmt::format("          {} is not checked until {}{}\n", word(zone, "zone"), word(zone, "until"),
                        zone.at("lapsed").get<bool>() ? ", which has passed" : "");
  if (!dnssec.at("clock_is_set").get<bool>())
    text += "          the clock is not set: the times of signatures are not checked\n";
  return text;
}

/// The query log's line; empty without a log, which is the default.
std::string query_log(const ParsedJson& status) {
  const ParsedJson& log = status.at("query_log");
  if (log.at("to") == "off") return {};
  return fmt::format("query log {} queries to {}; {} dropped, {} could not be written\n", number(log, "written"),
                     word(log, "to"), number(log, "dropped"), number(log, "failed"));
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

/// The restrictions that hold, and those that do not, each with its remark.
std::string confinement(const ParsedJson& status) {
  const ParsedJson& confinement = status.at("confinement");
  std::vector<std::string> on, off;
  for (const char* name : {"no_new_privs", "capabilities", "seccomp", "landlock"}) {
    const ParsedJson& restraint = confinement.at(name);
    const ParsedJson& detail = restraint.at("detail");
    (restraint.at("on").get<bool>() ? on : off)
        .push_back(detail.is_null() ? name : fmt::format("{} ({})", name, detail.get<std::string>()));
  }
  std::string text = fmt::format("confined  as user {}", word(confinement, "user"));
  if (!on.empty()) text += fmt::format("; by {}", fmt::join(on, ", "));
  if (!off.empty()) text += fmt::format("; not by {}", fmt::join(off, ", "));
  return text + "\n";
}

/// What the network does to connections with upstreams; empty if they show nothing.
std::string interferences(const ParsedJson& status) {
  std::string text;
  for (const auto& each : status.at("path_interference"))
    text += fmt::format("network   interferes ({}): {}\n", word(each, "kind"), word(each, "words"));
  return text;
}

/// Where the addresses end whose servers name themselves; empty if none does.
std::string sites(const ParsedJson& status) {
  std::string text;
  for (const auto& each : status.at("sites")) {
    text += fmt::format("{}{} at {} is answered from {}", text.empty() ? "sites     " : "          ",
                        word(each, "upstream"), word(each, "address"), word(each, "site"));
    if (word(each, "server") != word(each, "site")) text += fmt::format(" ({})", word(each, "server"));
    if (const auto& change = each.at("change"); !change.is_null())
      text += fmt::format("; before from {}{}, until {:.0f} s ago", word(change, "before"),
                          change.at("elsewhere").get<bool>() ? " on another network" : "",
                          change.at("seconds_ago").get<double>());
    text += "\n";
  }
  return text;
}

/// The exposure by each connection; equal lines once. Skips connections that were never made.
std::vector<std::string> connections(const ParsedJson& upstream) {
  std::vector<std::string> lines;
  for (const auto& connection : upstream.at("connections")) {
    const ParsedJson& tls = connection.at("tls");
    if (tls.is_null()) continue;
    const auto unnamed = word(tls, "version") == "TLSv1.2" ? "no name sent, but its certificate is in clear (TLS 1.2)"
                                                           : "no name sent in clear";
    const auto sni = tls.at("sni").is_null() ? unnamed : "sends " + word(tls, "sni") + " in clear (SNI)";
    auto line = fmt::format("  {} to {}{}, {}, {}; certificate of {}; {}\n", word(connection, "transport"),
                            word(connection, "address"), way_words(connection.at("path")), word(tls, "version"),
                            word(tls, "key_exchange"), word(tls, "verified"), sni);
    if (std::ranges::find(lines, line) == lines.end()) lines.push_back(std::move(line));
  }
  return lines;
}

std::string connected(const ParsedJson& upstream) {
  if (upstream.at("transport") == "UDP") return {};
  const auto open = number(upstream, "open_connections");
  return open == 0 ? ", not connected" : fmt::format(", {} connection{} open", open, open == 1 ? "" : "s");
}

/// What this network seems to do to the upstream; empty if it is not blocked.
std::string block_words(const ParsedJson& ladder) {
  if (ladder.is_null() || ladder.at("blocked_by").is_null()) return {};
  auto text = fmt::format("  this network seems to block it: {}", word(ladder, "blocked_by"));
  if (!ladder.at("would_work").is_null())
    text += fmt::format("; with `ladder: on` it would be reached by the rung {}", word(ladder, "would_work"));
  return text + "\n";
}

std::string upstream(const ParsedJson& upstream) {
  const ParsedJson& share = upstream.at("share");
  std::string text = fmt::format("\n{}  {}{}{}\n", word(upstream, "id"), word(upstream, "state"), connected(upstream),
                                 share.is_null() ? "" : fmt::format(", {} of answers", percent(share)));
  if (upstream.at("transport") == "UDP")
    text += "  by plain DNS, UDP and TCP: everybody on the path can read the names\n";
  text += block_words(upstream.at("ladder"));
  text += fmt::format("{}", fmt::join(connections(upstream), ""));
  text += fmt::format("  round trips: {}; answers {}, failures {}, connections made {} ({} resumed)\n",
                      percentiles(upstream, ""), number(upstream, "answers"), number(upstream, "failures"),
                      number(upstream, "connections_made"), number(upstream, "resumptions"));
  if (!upstream.at("last_error").is_null()) text += fmt::format("  last error: {}\n", word(upstream, "last_error"));
  return text;
}

std::string zone(const ParsedJson& zone) {
  const bool in_clear = zone.at("in_clear").get<bool>();
  std::string text = fmt::format("\nzone {}: its names go to {} and nowhere else{}\n", word(zone, "zone"),
                                 zone.at("upstreams").size() == 1 ? "this server" : "these servers",
                                 in_clear ? ", IN CLEAR" : ", encrypted");
  for (const auto& server : zone.at("upstreams")) text += upstream(server);
  return text;
}

}  // namespace

std::string status_text(const ParsedJson& status) {
  std::string text = heading(status) + "\n" + trouble(status) + certificates(status) + queries(status) +
                     answers(status) + times(status) + events(status) + ahead(status) + cache(status) + dnssec(status) +
                     query_log(status) + exposure(status) + confinement(status) + interferences(status) + sites(status);
  for (const auto& each : status.at("upstreams")) text += upstream(each);
  for (const auto& each : status.at("zones")) text += zone(each);
  return text;
}

}  // namespace tacet
