#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "resolve/cache/cache.hpp"

namespace tacet {

/// The answers that a request means: all, those of one name, or those of a name and all names below it.
struct CacheScope {
  std::optional<Name> name;                      ///< nothing: everything
  Cache::Reach reach = Cache::Reach::name_only;  ///< how far from `name`

  bool holds(const Name& other) const;
};

/// The result of a walk over the cache, in numbers and without names. Plain data.
struct CacheSummary {
  static constexpr std::size_t kinds = 3;  ///< by AnswerKind: records, NXDOMAIN, NODATA; failures are never kept

  std::uint64_t fresh = 0;
  std::uint64_t stale = 0;    ///< past their lifetime: served only if no upstream answers
  std::uint64_t expired = 0;  ///< too stale to be served; it stays until its room is needed
  std::array<std::uint64_t, kinds> by_kind{};
  std::map<Type, std::uint64_t> by_type;
  std::uint64_t dnssec_ok = 0;  ///< kept for clients that set the DO bit
  std::uint32_t oldest = 0;     ///< seconds

  void add(const CacheEntry& entry);
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
