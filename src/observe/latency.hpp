#pragma once
#include <array>
#include <cstddef>

#include "tacet/instant.hpp"

namespace tacet {

/// Percentiles of the last measured times: a window of samples, so old times fade. Plain data, no clock.
class Latency {
public:
  static constexpr std::size_t window = 128;

  void sample(Duration time);
  /// The time that `share` (0 to 1) of the window did not exceed; zero without samples.
  Duration percentile(double share) const;
  /// The median of a few samples ago, without cost. Zero without samples.
  Duration typical() const { return typical_; }
  /// How far 80 of 100 samples lie at most above the median, as of a few samples ago. It shows the jitter of most
  /// answers, and the few answers that a loss or a slow server delays do not move it. Zero without samples.
  Duration spread() const { return spread_; }
  std::size_t count() const { return count_; }
  void clear() { *this = {}; }

private:
  std::array<Duration, window> times_{};
  Duration typical_{};
  Duration spread_{};
  std::size_t next_ = 0;
  std::size_t count_ = 0;  // at most window
};

}  // namespace tacet
