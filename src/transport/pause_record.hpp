#pragma once
#include "base/clock.hpp"

namespace tacet {

/// What became of connections in pauses, in one network. A NAT forgets a connection that is idle for long, and tells
/// nobody. Two connections that died in such pauses show one; a pause that a connection survived clears the suspicion
/// of pauses up to that length. Pure.
class PauseRecord {
public:
  /// A connection answered after this pause.
  void survived(Duration pause);
  /// A connection did not answer after this pause, and a fresh one did.
  void died(Duration pause);
  /// For how long to keep an idle connection, at most `wanted`.
  Duration limit(Duration wanted) const;

private:
  Duration longest_survived_{};
  Duration shortest_death_ = Duration::max();
  unsigned deaths_ = 0;  // in pauses longer than any that was survived
};

}  // namespace tacet
