#pragma once
#include <optional>
#include <string_view>

#include "resolve/cache/cache.hpp"
#include "unit/pool/resolve_fixture.hpp"

namespace tacet::fixture {

/// A cache and the time it is told.
struct Kept {
  explicit Kept(CacheConfig config = {}) : cache(config) {}

  CacheKey key(std::string_view name, bool dnssec_ok = false, bool checking_disabled = false) const {
    return {cache.seed(), question(name), dnssec_ok, checking_disabled};
  }
  void store(std::string_view name, std::uint32_t ttl = 300) {
    cache.store(key(name), positive(question(name), ttl), now);
  }
  std::optional<CachedAnswer> find(const CacheKey& key) {
    std::optional<CachedAnswer> found;
    cache.find(key, now, [&](const CachedAnswer& answer) { found = answer; });
    return found;
  }
  std::optional<CachedAnswer> find(std::string_view name) { return find(key(name)); }

  Cache cache;
  Instant now{24h};
};

}  // namespace tacet::fixture
