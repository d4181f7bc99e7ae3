#include "report/cache_json.hpp"

#include "dns/name_text.hpp"
#include "report/dnssec_json.hpp"

namespace tacet {
namespace {

const char* state_of(const CacheEntry& entry) {
  if (entry.fresh()) return "fresh";
  return entry.expired() ? "expired" : "stale";
}

const char* kind_of(const CacheEntry& entry) {
  if (entry.kind == AnswerKind::nxdomain) return "nxdomain";
  return entry.kind == AnswerKind::nodata ? "nodata" : "positive";
}

Json summary(const CacheSummary& summary) {
  Json types = Json::object();
  for (const auto& [type, count] : summary.by_type) types.add(to_string(type), count);
  return {{"fresh", summary.fresh},
          {"stale", summary.stale},
          {"expired", summary.expired},
          {"positive", summary.by_kind[static_cast<std::size_t>(AnswerKind::positive)]},
          {"nxdomain", summary.by_kind[static_cast<std::size_t>(AnswerKind::nxdomain)]},
          {"nodata", summary.by_kind[static_cast<std::size_t>(AnswerKind::nodata)]},
          {"for_dnssec", summary.dnssec_ok},
          {"oldest_seconds", summary.oldest},
          {"types", std::move(types)}};
}

}  // namespace

Json cache_entry_json(const CacheEntry& entry) {
  return {{"name", name_text(entry.name)},
          {"type", to_string(entry.type)},
          {"dnssec_ok", entry.dnssec_ok},
          {"checking_disabled", entry.checking_disabled},
          {"rcode", to_string(entry.rcode)},
          {"kind", kind_of(entry)},
          {"security", to_string(entry.security)},
          {"state", state_of(entry)},
          {"age_seconds", entry.age},
          {"ttl_seconds", entry.fresh() ? entry.lifetime - entry.age : 0},
          {"octets", entry.octets}};
}

std::string cache_json(const CacheReport& report) {
  const CacheStatistics& cache = report.statistics;
  Json json{{"entries", cache.entries}, {"octets", cache.octets},
            {"budget", cache.budget},   {"stored", cache.stored},
            {"evicted", cache.evicted}, {report.lists ? "matching" : "held", summary(report.summary)}};
  if (report.lists) json.add("answers", array_of(report.entries, cache_entry_json));
  return json.dump();
}

}  // namespace tacet
