#pragma once
#include <algorithm>

namespace tacet {

/// Limits second copies in the long run: those in vain to a twentieth of all queries, and all of them to a tenth.
/// Starts with a burst. Pure.
class HedgeBudget {
public:
  static constexpr double share_in_vain = 0.05, share = 0.1, burst = 50;

  /// Call it for each new query.
  void earn() {
    in_vain_ = std::min(burst, in_vain_ + share_in_vain);
    all_ = std::min(burst, all_ + share);
  }
  /// True if at least half of the burst is left for copies in vain.
  bool plenty() const { return scarcity() == 0; }
  /// 0 while half of the burst is left for copies in vain; grows to 1 when nothing is left.
  double scarcity() const { return std::max(0.0, 1 - 2 * in_vain_ / burst); }
  /// True if at least half of the burst is left for all copies. Otherwise a query's first copy goes before another
  /// query's second one.
  bool affords_another() const { return 2 * all_ >= burst; }
  /// Pays for one copy. False if too little is left; then nothing is paid.
  bool spend() {
    if (std::min(in_vain_, all_) < 1) return false;
    in_vain_ -= 1;
    all_ -= 1;
    return true;
  }
  /// A copy that was paid for was not in vain.
  void refund() { in_vain_ = std::min(burst, in_vain_ + 1); }

private:
  double in_vain_ = burst, all_ = burst;
};

}  // namespace tacet
