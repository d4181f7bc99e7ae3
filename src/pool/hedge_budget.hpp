#pragma once
#include <algorithm>

namespace tacet {

/// Holds second copies of queries to a share of all queries in the long run, with a burst to begin with. Pure.
class HedgeBudget {
public:
  static constexpr double share = 0.05, burst = 50;

  /// One query is asked for the first time.
  void earn() { tokens_ = std::min(burst, tokens_ + share); }
  /// At least half of the burst is left.
  bool plenty() const { return scarcity() == 0; }
  /// 0 while half of the burst is left, 1 when nothing is.
  double scarcity() const { return std::max(0.0, 1 - 2 * tokens_ / burst); }
  /// Pays for one copy; false, and nothing is paid, if there is too little left.
  bool spend() {
    if (tokens_ < 1) return false;
    tokens_ -= 1;
    return true;
  }

private:
  double tokens_ = burst;
};

}  // namespace tacet
