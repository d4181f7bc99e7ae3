#pragma once
#include <optional>
#include <string>
#include <vector>

#include "report/json.hpp"
#include "resolve/cache_summary.hpp"

namespace tacet {

/// Which answers are meant: all, those of one name, or those of a name and all below it.
struct CacheScope {
  std::optional<Name> name;                      ///< nothing: everything
  Cache::Reach reach = Cache::Reach::name_only;  ///< how far from `name`

  bool holds(const Name& other) const;
};

/// What `tacet cache` shows. Names are private: they are listed only for who named them, or their zone.
struct CacheReport {
  static constexpr std::size_t most_entries = 1000;  ///< that are listed

  CacheStatistics statistics;
  CacheSummary summary;             ///< of everything in the scope
  bool lists = false;               ///< the scope is a name's
  std::vector<CacheEntry> entries;  ///< by name and type, at most `most_entries`
};

/// Walks over the cache, with a pause behind every part, so that hits do not wait. Takes some 0.1 s for 32 MiB.
CacheReport look_into(const Cache& cache, const CacheScope& scope, Instant now);

/// A report as `tacet cache --json` prints it: one JSON object. Units are part of the keys. Keys are only ever added.
std::string cache_json(const CacheReport& report);
/// One answer of it.
Json cache_entry_json(const CacheEntry& entry);

}  // namespace tacet
