#pragma once
#include <array>
#include <cstdint>
#include <map>

#include "resolve/cache/cache.hpp"

namespace tacet {

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

}  // namespace tacet
