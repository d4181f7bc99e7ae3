#pragma once
#include <cstddef>
#include <functional>
#include <optional>
#include <vector>

#include "resolve/cache/cache_summary.hpp"

namespace tacet {

/// The answers that a request means: all, those of one name, or those of a name and all names below it.
struct CacheScope {
  std::optional<Name> name;                      ///< nothing: everything
  Cache::Reach reach = Cache::Reach::name_only;  ///< how far from `name`

  bool holds(const Name& other) const;
};

/// What `tacet cache` shows. Names are private: the report lists them only if the scope is a name's.
struct CacheReport {
  static constexpr std::size_t most_entries = 1000;  ///< that are listed

  CacheStatistics statistics;
  CacheSummary summary;             ///< of everything in the scope
  bool lists = false;               ///< the scope is a name
  std::vector<CacheEntry> entries;  ///< by name and type, at most `most_entries`
};

/// Walks over the cache and calls `pause` after each part, so that hits do not wait for the walk. Takes about 0.1 s for
/// 32 MiB, without the pauses. Any thread.
CacheReport look_into(const Cache& cache, const CacheScope& scope, Instant now, const std::function<void()>& pause);

}  // namespace tacet
