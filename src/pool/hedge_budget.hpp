#pragma once
#include <algorithm>

namespace tacet {

/// Limits second copies to a share of all queries in the long run, and starts with a burst. Pure.
class HedgeBudget {
public:
  static constexpr double share = 0.05, burst = 50;

  /// Call it for each new query.
  void earn() { tokens_ = std::min(burst, tokens_ + share); }
  /// True if at least half of the burst is left.
  bool plenty() const { return scarcity() == 0; }
  /// 0 while half of the burst is left; grows to 1 when nothing is left.
  double scarcity() const { return std::max(0.0, 1 - 2 * tokens_ / burst); }
  /// Pays for one copy. False if too little is left; then nothing is paid.
  bool spend() {
    if (tokens_ < 1) return false;
    tokens_ -= 1;
    return true;
  }

private:
  double tokens_ = burst;
};

}  // namespace tacet
