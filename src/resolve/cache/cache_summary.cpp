#include "resolve/cache/cache_summary.hpp"

#include <algorithm>

namespace tacet {

void CacheSummary::add(const CacheEntry& entry) {
  ++(entry.fresh() ? fresh : entry.expired() ? expired : stale);
  if (const auto kind = static_cast<std::size_t>(entry.kind); kind < kinds) ++by_kind[kind];
  ++by_type[entry.type];
  if (entry.dnssec_ok) ++dnssec_ok;
  oldest = std::max(oldest, entry.age);
}

}  // namespace tacet
