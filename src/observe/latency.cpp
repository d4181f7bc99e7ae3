#include "observe/latency.hpp"

#include <algorithm>

namespace tacet {

void Latency::sample(Duration time) {
  times_[next_] = time;
  next_ = (next_ + 1) % window;
  count_ = std::min(count_ + 1, window);
}

Duration Latency::percentile(double share) const {
  if (count_ == 0) return Duration::zero();
  auto sorted = times_;
  const auto rank = std::min(count_ - 1, static_cast<std::size_t>(share * static_cast<double>(count_)));
  std::nth_element(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(rank),
                   sorted.begin() + static_cast<std::ptrdiff_t>(count_));
  return sorted[rank];
}

}  // namespace tacet
