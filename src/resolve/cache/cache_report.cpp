#include "resolve/cache/cache_report.hpp"

#include <algorithm>
#include <tuple>

namespace tacet {

bool CacheScope::holds(const Name& other) const {
  if (!name) return true;
  return reach == Cache::Reach::name_only ? other == *name : other.under(*name);
}

void CacheSummary::add(const CacheEntry& entry) {
  ++(entry.fresh() ? fresh : entry.expired() ? expired : stale);
  if (const auto kind = static_cast<std::size_t>(entry.kind); kind < kinds) ++by_kind[kind];
  ++by_type[entry.type];
  if (entry.dnssec_ok) ++dnssec_ok;
  oldest = std::max(oldest, entry.age);
}

CacheReport look_into(const Cache& cache, const CacheScope& scope, Instant now, const std::function<void()>& pause) {
  CacheReport report{.statistics = cache.statistics(), .lists = scope.name.has_value()};
  CacheWalk walk;
  while (!walk.done) {
    for (CacheEntry& entry : cache.next(walk, now)) {
      if (!scope.holds(entry.name)) continue;
      report.summary.add(entry);
      if (report.lists && report.entries.size() < CacheReport::most_entries) report.entries.push_back(entry);
    }
    pause();
  }
  std::ranges::sort(report.entries, {}, [](const CacheEntry& entry) {
    return std::tuple(entry.name.to_string(), entry.type, entry.dnssec_ok, entry.checking_disabled);
  });
  return report;
}

}  // namespace tacet
