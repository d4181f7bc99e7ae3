#include "report/status_json.hpp"

#include "report/exposure_json.hpp"
#include "report/json.hpp"

namespace tacet {
namespace {

double seconds(Duration time) { return std::chrono::duration<double>(time).count(); }
double milliseconds(Duration time) { return std::chrono::duration<double, std::milli>(time).count(); }

/// By the order of Source.
Json answers(const Metrics& metrics) {
  static constexpr std::array<const char*, source_count> names{"policy", "cache", "stale", "upstream", "failure"};
  Json json = Json::object();
  for (std::size_t i = 0; i < source_count; ++i) json.add(names[i], metrics.answers[i]);
  return json;
}

Json rcodes(const Metrics& metrics) {
  Json json = Json::object();
  for (std::size_t i = 0; i < metrics.rcodes.size(); ++i)
    if (metrics.rcodes[i] != 0) json.add(to_string(static_cast<Rcode>(i)), metrics.rcodes[i]);
  return json;
}

Json queries(const Metrics& metrics) {
  return {{"udp", metrics.udp_queries},
          {"tcp", metrics.tcp_queries},
          {"dropped", metrics.dropped},
          {"rejected", metrics.rejected}};
}

Json events(const Metrics& metrics) {
  return {{"coalesced", metrics.coalesced},
          {"prefetches", metrics.prefetches},
          {"overloaded", metrics.overloaded},
          {"not_allowed", metrics.not_allowed},
          {"rate_limited", metrics.rate_limited},
          {"wait_limited", metrics.wait_limited},
          {"truncated", metrics.truncated},
          {"send_failures", metrics.send_failures},
          {"retries", metrics.retries},
          {"bad_answers", metrics.bad_answers},
          {"rebinds_refused", metrics.rebinds_refused},
          {"hedges_sent", metrics.hedges_sent},
          {"hedges_won", metrics.hedges_won},
          {"hedges_denied", metrics.hedges_denied}};
}

/// Of what was looked for in the cache, how much was there; null as long as nothing was.
Json hit_rate(const Metrics& metrics) {
  const auto of = [&](Source source) { return metrics.answers[static_cast<std::size_t>(source)]; };
  const auto looked_for = of(Source::cache) + of(Source::stale) + of(Source::upstream) + of(Source::failure);
  if (looked_for == 0) return nullptr;
  return static_cast<double>(of(Source::cache)) / static_cast<double>(looked_for);
}

/// From query to reply, since the start.
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

Json cache(const CacheStatistics& cache) {
  return {{"entries", cache.entries},
          {"octets", cache.octets},
          {"budget", cache.budget},
          {"stored", cache.stored},
          {"evicted", cache.evicted}};
}

Json query_log(const QueryLogCounts& log) {
  return {{"to", log.to}, {"written", log.written}, {"dropped", log.dropped}, {"failed", log.failed}};
}

Json connection(const ConnectionFacts* facts) {
  if (facts == nullptr) return nullptr;
  const auto known = [](const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); };
  return {{"transport", to_string(facts->transport)},
          {"address", facts->address},
          {"sni", known(facts->sni)},
          {"verified", known(facts->verified)},
          {"tls_version", known(facts->tls_version)},
          {"key_exchange", known(facts->key_exchange)},
          {"resumed", facts->resumed}};
}

std::uint64_t answers_of(const std::vector<ChannelReport>& channels) {
  std::uint64_t sum = 0;
  for (const ChannelReport& channel : channels) sum += channel.state.answers;
  return sum;
}

/// `all`: the answers of all channels that stand beside this one.
Json upstream(const ChannelReport& channel, std::uint64_t all) {
  const UpstreamState& state = channel.state;
  const bool measured = channel.p50 != Duration::zero();
  const auto time = [measured](Duration value) { return measured ? Json(milliseconds(value)) : Json(nullptr); };
  return {{"id", channel.id},
          {"operator", channel.operator_name},
          {"state", channel.good ? "good" : "failing"},
          {"warm", state.warm},
          {"outstanding", state.outstanding},
          {"connection", connection(state.facts.get())},
          {"p50_ms", time(channel.p50)},
          {"p95_ms", time(channel.p95)},
          {"p99_ms", time(channel.p99)},
          {"connections", state.connections},
          {"resumptions", state.resumptions},
          {"answers", state.answers},
          {"share", all == 0 ? Json(nullptr) : Json(static_cast<double>(state.answers) / static_cast<double>(all))},
          {"failures", state.failures},
          {"reissued", state.reissued},
          {"last_error", state.last_error.empty() ? Json(nullptr) : Json(state.last_error)}};
}

Json restraint(const Restriction& restraint) {
  return {{"on", restraint.on}, {"detail", restraint.detail.empty() ? Json(nullptr) : Json(restraint.detail)}};
}

Json confinement(const Confinement& confinement) {
  return {{"user", confinement.user},
          {"no_new_privs", restraint(confinement.no_new_privs)},
          {"capabilities", restraint(confinement.capabilities)},
          {"seccomp", restraint(confinement.seccomp)},
          {"landlock", restraint(confinement.landlock)}};
}

Json upstreams(const std::vector<ChannelReport>& channels) {
  Json json = Json::array();
  const auto all = answers_of(channels);
  for (const auto& channel : channels) json.push_back(upstream(channel, all));
  return json;
}

Json zones(const std::vector<ZoneReport>& reports) {
  Json json = Json::array();
  for (const auto& zone : reports)
    json.push_back({{"zone", zone.zone}, {"in_clear", zone.in_clear}, {"upstreams", upstreams(zone.channels)}});
  return json;
}

}  // namespace

std::string status_json(const Snapshot& snapshot, const ExposureReport& exposure) {
  Json json{{"version", TACET_VERSION},
            {"uptime_seconds", seconds(snapshot.uptime)},
            {"workers", snapshot.workers},
            {"listen", snapshot.listen},
            {"listen_absent", snapshot.listen_absent},
            {"log_level", snapshot.log_level},
            {"queries", queries(snapshot.metrics)},
            {"answers", answers(snapshot.metrics)},
            {"hit_rate", hit_rate(snapshot.metrics)},
            {"rcodes", rcodes(snapshot.metrics)},
            {"tcp_clients", snapshot.metrics.tcp_clients},
            {"pending", snapshot.pending},
            {"times", times(snapshot.metrics)},
            {"miss_time", percentiles(snapshot.metrics.miss_time)},
            {"events", events(snapshot.metrics)},
            {"cache", cache(snapshot.cache)},
            {"query_log", query_log(snapshot.query_log)},
            {"exposure", exposure_summary(exposure)},
            {"confinement", confinement(snapshot.confinement)},
            {"plaintext_lookups", snapshot.plaintext_lookups},
            {"upstreams", upstreams(snapshot.channels)},
            {"zones", zones(snapshot.zones)}};
  return json.dump();
}

}  // namespace tacet
