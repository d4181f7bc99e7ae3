#pragma once
#include <cstdint>

#include "pool/hedge_budget.hpp"
#include "pool/pool_query.hpp"
#include "pool/slow_zones.hpp"

namespace tacet {

/// Decides when a query is asked twice (src/README.md, D6). Tells a lost query from one that is slow upstream, and
/// holds the budget for second copies. Pure, except that Upstream::held_up() asks the kernel.
class Hedging {
public:
  /// How long a query waits on this channel before a second copy is considered: until it is late, and longer if the
  /// budget is small.
  Duration delay_on(const PoolChannel& channel) const;

  /// The verdict on a late query.
  enum class Verdict : std::uint8_t {
    not_yet,  ///< it does not seem lost yet
    settled,  ///< it is only slow upstream, or nothing more can be learned
    lost,
  };
  Verdict judge(const PoolQuery& query, Instant now) const;

  /// How a query ended that went over an open connection.
  struct Outcome {
    Instant sent, ended;
    bool answered;
  };
  /// Records whether the zone of `name` is slow upstream. Call it before PoolChannel::answered().
  void learn(const Name& name, const PoolChannel& channel, const Outcome& outcome);

  HedgeBudget& budget() { return budget_; }

private:
  bool seems_lost(const PoolQuery& query, Instant now) const;

  HedgeBudget budget_;
  SlowZones zones_;
};

}  // namespace tacet
