#include "report/status_json.hpp"

#include <algorithm>

#include "base/duration.hpp"
#include "report/counter_table.hpp"
#include "report/dnssec_json.hpp"
#include "report/exposure_json.hpp"
#include "report/json.hpp"
#include "report/path_json.hpp"
#include "report/query_line.hpp"
#include "report/status_summary.hpp"

namespace tacet {
namespace {

/// Adds the numbers of a section.
void add_counters(Json& json, std::string_view section, const Snapshot& snapshot) {
  for (const Counter& counter : counters())
    if (counter.section == section) json.add(counter.key, counter.read(snapshot));
}

Json section(std::string_view name, const Snapshot& snapshot) {
  Json json = Json::object();
  add_counters(json, name, snapshot);
  return json;
}

Json dnssec(const Snapshot& snapshot) {
  Json json = dnssec_json(snapshot.dnssec);
  add_counters(json, "dnssec", snapshot);
  json.add("bogus_reasons", section("dnssec_bogus", snapshot));
  return json;
}

Json query_log(const Snapshot& snapshot) {
  Json json{{"to", snapshot.query_log.to}};
  add_counters(json, "query_log", snapshot);
  return json;
}

Json rcodes(const Metrics& metrics) {
  Json json = Json::object();
  for (std::size_t i = 0; i < metrics.rcodes.size(); ++i)
    if (metrics.rcodes[i] != 0) json.add(to_string(static_cast<Rcode>(i)), metrics.rcodes[i]);
  return json;
}

/// The hit rate of the cache; null before the first look-up.
Json hit_rate(const Metrics& metrics) {
  const auto of = [&](Source source) { return metrics.answers[static_cast<std::size_t>(source)]; };
  const auto looked_for = of(Source::cache) + of(Source::stale) + of(Source::upstream) + of(Source::failure);
  if (looked_for == 0) return nullptr;
  return static_cast<double>(of(Source::cache)) / static_cast<double>(looked_for);
}

/// The times from query to reply, since the start.
Json percentiles(const Histogram& times) {
  return {{"count", times.count()},
          {"p50_ms", times.percentile(0.5) * 1000},
          {"p95_ms", times.percentile(0.95) * 1000},
          {"p99_ms", times.percentile(0.99) * 1000}};
}

Json times(const Metrics& metrics) {
  Histogram all = metrics.at_once_time;
  all.add(metrics.waited_time);
  return {{"all", percentiles(all)},
          {"at_once", percentiles(metrics.at_once_time)},
          {"waited", percentiles(metrics.waited_time)}};
}

Json round_trip(Duration time) { return time == Duration::zero() ? Json(nullptr) : Json(milliseconds(time)); }

Json tls(const ConnectionFacts& facts) {
  return {{"version", known(facts.tls_version)},
          {"key_exchange", known(facts.key_exchange)},
          {"resumed", facts.resumed},
          {"sni", known(facts.sni)},
          {"verified", known(facts.verified)}};
}

/// A place for a connection: the present connection, or the last one.
Json connection(const ChannelReport& channel, Transport transport) {
  const UpstreamState& state = channel.state;
  const ConnectionFacts* const facts = state.facts.get();
  Json json{{"id", channel.id},
            {"state", state.warm              ? "open"
                      : state.outstanding > 0 ? "opening"
                                              : "closed"},
            {"transport", to_string(transport)},
            {"address", facts != nullptr ? Json(facts->address) : Json(nullptr)},
            {"path", path_json(facts)},
            {"tls", facts != nullptr ? tls(*facts) : Json(nullptr)}};
  for (const UpstreamPercentile& each : upstream_percentiles()) json.add(each.key, round_trip(channel.*each.time));
  for (const UpstreamCounter& each : upstream_counters()) json.add(each.key, each.read(state));
  json.add("last_error", known(state.last_error));
  return json;
}

/// The used places. Plain DNS has no connections.
Json connections(const UpstreamReport& upstream) {
  Json json = Json::array();
  if (upstream.is_plain()) return json;
  for (const ChannelReport& channel : upstream.channels)
    if (is_used(channel)) json.push_back(connection(channel, upstream.transport()));
  return json;
}

std::uint64_t answers_of(const UpstreamReport& upstream) {
  std::uint64_t sum = 0;
  for (const ChannelReport& channel : upstream.channels) sum += channel.state.answers;
  return sum;
}

/// null for a server of a zone, which has no ladder.
Json ladder(const std::optional<WayReport>& way) {
  if (!way) return nullptr;
  return {{"rung", to_string(way->way)},
          {"blocked_by", way->block ? Json(to_string(*way->block)) : Json(nullptr)},
          {"would_work", way->would_work ? Json(to_string(*way->would_work)) : Json(nullptr)}};
}

/// `all`: the answers of all upstreams of the same set.
Json upstream(const UpstreamReport& report, std::uint64_t all) {
  const auto failed =
      std::ranges::find_if(report.channels, [](const auto& channel) { return !channel.state.last_error.empty(); });
  const auto share = static_cast<double>(answers_of(report)) / static_cast<double>(all);
  Json json{{"id", report.id},
            {"operator", report.operator_name},
            {"transport", to_string(report.transport())},
            {"state", report.good ? "good" : "failing"},
            {"share", all == 0 ? Json(nullptr) : Json(share)},
            {"ladder", ladder(report.way)},
            {"open_connections", report.open_connections()}};
  for (const UpstreamPercentile& each : upstream_percentiles())
    json.add(each.key, round_trip(slowest_of(report, each)));
  for (const UpstreamCounter& each : upstream_counters()) json.add(each.key, sum_of(report, each));
  json.add("last_error", failed != report.channels.end() ? Json(failed->state.last_error) : Json(nullptr));
  json.add("connections", connections(report));
  return json;
}

Json upstreams(const std::vector<UpstreamReport>& reports) {
  std::uint64_t all = 0;
  for (const UpstreamReport& report : reports) all += answers_of(report);
  return array_of(reports, [all](const UpstreamReport& report) { return upstream(report, all); });
}

Json zone_json(const ZoneReport& zone) {
  return {{"zone", zone.zone}, {"in_clear", zone.in_clear}, {"upstreams", upstreams(zone.upstreams)}};
}

Json restraint(const Restriction& restraint) { return {{"on", restraint.on}, {"detail", known(restraint.detail)}}; }

Json confinement(const Confinement& confinement) {
  return {{"user", confinement.user},
          {"no_new_privs", restraint(confinement.no_new_privs)},
          {"capabilities", restraint(confinement.capabilities)},
          {"seccomp", restraint(confinement.seccomp)},
          {"landlock", restraint(confinement.landlock)}};
}

Json certificate_json(const CertificateReport& certificate) {
  return {{"listener", certificate.listener},
          {"file", certificate.file},
          {"not_after", utc_text(certificate.not_after)},
          {"days_left", days_left(certificate)}};
}

Json interference_json(const Interference& seen) { return {{"kind", to_string(seen.kind)}, {"words", seen.words}}; }

Json site_json(const ServerSite& site, Instant now) {
  Json change = nullptr;
  if (site.change)
    change = {{"before", site.change->before},
              {"elsewhere", site.change->elsewhere},
              {"seconds_ago", seconds(now - site.change->at)}};
  return {{"upstream", site.upstream},
          {"address", site.address},
          {"server", site.server},
          {"site", site.site},
          {"change", change}};
}

Json summary(const StatusSummary& summary) {
  return {{"state", to_string(summary.verdict)},
          {"sentence", summary.sentence},
          {"warnings", summary.warnings},
          {"notes", summary.notes}};
}

}  // namespace

std::string status_json(const Snapshot& snapshot, const ExposureOverview& exposure) {
  Json json{{"version", TACET_VERSION},
            {"uptime_seconds", seconds(snapshot.uptime)},
            {"listen", snapshot.listen},
            {"listen_absent", snapshot.listen_absent},
            {"certificates", array_of(snapshot.certificates, certificate_json)},
            {"log_level", snapshot.log_level},
            {"page", known(snapshot.page)},
            {"summary", summary(summarise(snapshot, exposure))}};
  add_counters(json, "", snapshot);
  json.add("longest_turn_us", snapshot.longest_turn);
  for (const char* name : {"queries", "answers", "events", "cache", "reloads"}) json.add(name, section(name, snapshot));
  json.add("hit_rate", hit_rate(snapshot.metrics));
  json.add("rcodes", rcodes(snapshot.metrics));
  json.add("times", times(snapshot.metrics));
  json.add("miss_time", percentiles(snapshot.metrics.miss_time));
  json.add("query_log", query_log(snapshot));
  json.add("dnssec", dnssec(snapshot));
  json.add("exposure", exposure_summary(exposure));
  json.add("rebind", {{"protect", snapshot.rebind.protect}, {"allow", snapshot.rebind.allow}});
  json.add("confinement", confinement(snapshot.confinement));
  json.add("path_interference", array_of(snapshot.interferences, interference_json));
  json.add("sites",
           array_of(snapshot.sites, [now = snapshot.now](const ServerSite& each) { return site_json(each, now); }));
  json.add("site_changes", snapshot.site_changes);
  json.add("upstreams", upstreams(snapshot.upstreams));
  json.add("zones", array_of(snapshot.zones, zone_json));
  return json.dump();
}

}  // namespace tacet
