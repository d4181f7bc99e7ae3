#include "serve/status_json.hpp"

#include <nlohmann/json.hpp>

namespace tacet {
namespace {

using Json = nlohmann::ordered_json;

double seconds(Duration time) { return std::chrono::duration<double>(time).count(); }
double milliseconds(Duration time) { return std::chrono::duration<double, std::milli>(time).count(); }

/// By the order of Source.
Json answers(const Metrics& metrics) {
  static constexpr std::array<const char*, source_count> names{"policy", "cache", "stale", "upstream", "failure"};
  Json json;
  for (std::size_t i = 0; i < source_count; ++i) json[names[i]] = metrics.answers[i];
  return json;
}

Json rcodes(const Metrics& metrics) {
  Json json = Json::object();
  for (std::size_t i = 0; i < metrics.rcodes.size(); ++i)
    if (metrics.rcodes[i] != 0) json[to_string(static_cast<Rcode>(i))] = metrics.rcodes[i];
  return json;
}

Json queries(const Metrics& metrics) {
  return {{"udp", metrics.udp_queries},
          {"tcp", metrics.tcp_queries},
          {"dropped", metrics.dropped},
          {"refused_at_once", metrics.refused_at_once}};
}

Json events(const Metrics& metrics) {
  return {{"coalesced", metrics.coalesced},
          {"refreshed_ahead", metrics.refreshed_ahead},
          {"shed", metrics.shed},
          {"truncated", metrics.truncated},
          {"send_failures", metrics.send_failures},
          {"retries", metrics.retries},
          {"bad_answers", metrics.bad_answers},
          {"hedges_sent", metrics.hedges_sent},
          {"hedges_won", metrics.hedges_won},
          {"hedges_denied", metrics.hedges_denied}};
}

Json miss_time(const Histogram& times) {
  return {{"count", times.count()},
          {"p50_ms", times.percentile(0.5) * 1000},
          {"p95_ms", times.percentile(0.95) * 1000},
          {"p99_ms", times.percentile(0.99) * 1000}};
}

Json cache(const CacheStatistics& cache) {
  return {{"entries", cache.entries},
          {"octets", cache.octets},
          {"budget", cache.budget},
          {"stored", cache.stored},
          {"evicted", cache.evicted}};
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

Json upstream(const LaneReport& lane) {
  const UpstreamState& state = lane.state;
  const bool measured = lane.p50 != Duration::zero();
  const auto time = [measured](Duration value) { return measured ? Json(milliseconds(value)) : Json(nullptr); };
  return {{"id", lane.id},
          {"operator", lane.operator_name},
          {"state", lane.good ? "good" : "failing"},
          {"warm", state.warm},
          {"outstanding", state.outstanding},
          {"connection", connection(state.facts.get())},
          {"p50_ms", time(lane.p50)},
          {"p95_ms", time(lane.p95)},
          {"p99_ms", time(lane.p99)},
          {"connections", state.connections},
          {"resumptions", state.resumptions},
          {"answers", state.answers},
          {"failures", state.failures},
          {"reissued", state.reissued},
          {"last_error", state.last_error.empty() ? Json(nullptr) : Json(state.last_error)}};
}

Json zone(const ZoneReport& zone) {
  Json json{{"zone", zone.zone}, {"in_clear", zone.in_clear}, {"upstreams", Json::array()}};
  for (const auto& lane : zone.lanes) json["upstreams"].push_back(upstream(lane));
  return json;
}

}  // namespace

std::string status_json(const Snapshot& snapshot) {
  Json json{{"version", TACET_VERSION},
            {"uptime_seconds", seconds(snapshot.uptime)},
            {"workers", snapshot.workers},
            {"listen", snapshot.listen},
            {"log_level", snapshot.log_level},
            {"queries", queries(snapshot.metrics)},
            {"answers", answers(snapshot.metrics)},
            {"rcodes", rcodes(snapshot.metrics)},
            {"tcp_clients", snapshot.metrics.tcp_clients},
            {"pending", snapshot.pending},
            {"miss_time", miss_time(snapshot.metrics.miss_time)},
            {"events", events(snapshot.metrics)},
            {"cache", cache(snapshot.cache)},
            {"plaintext_lookups", snapshot.plaintext_lookups},
            {"upstreams", Json::array()},
            {"zones", Json::array()}};
  for (const auto& lane : snapshot.lanes) json["upstreams"].push_back(upstream(lane));
  for (const auto& report : snapshot.zones) json["zones"].push_back(zone(report));
  // Words of a peer may be no UTF-8.
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace tacet
