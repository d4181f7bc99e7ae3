#pragma once
#include <algorithm>
#include <cstddef>

namespace tacet {

/// The place, from 0, of the percentile `share` (0 to 1) among `count` sorted values; `count` is at least 1.
inline std::size_t rank_of(double share, std::size_t count) {
  return std::min(count - 1, static_cast<std::size_t>(share * static_cast<double>(count)));
}

}  // namespace tacet
