#include "observe/latency.hpp"

#include <algorithm>

#include "observe/rank.hpp"

namespace tacet {
namespace {

constexpr std::size_t refreshed_every = 16;  // samples between two updates of the stored percentiles

}  // namespace

void Latency::sample(Duration time) {
  times_[next_] = time;
  next_ = (next_ + 1) % window;
  count_ = std::min(count_ + 1, window);
  if (count_ >= refreshed_every && next_ % refreshed_every != 0) return;
  typical_ = percentile(0.5);
  spread_ = percentile(0.8) - typical_;
}

Duration Latency::percentile(double share) const {
  if (count_ == 0) return Duration::zero();
  auto sorted = times_;
  const std::size_t rank = rank_of(share, count_);
  std::nth_element(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(rank),
                   sorted.begin() + static_cast<std::ptrdiff_t>(count_));
  return sorted[rank];
}

}  // namespace tacet
