#pragma once
#include <cstdint>

#include "pool/hedge_budget.hpp"
#include "pool/pool_query.hpp"
#include "pool/slow_zones.hpp"

namespace tacet {

/// When a query is asked twice (src/README.md, D6). Tells a query that is lost from one that is slow upstream, and
/// holds the budget for second copies. Pure, but Upstream::held_up() asks the kernel.
class Hedging {
public:
  /// How long a query waits on this channel before a second copy is thought of: until it is late, and longer if the
  /// budget is small.
  Duration delay_on(const PoolChannel& channel) const;

  /// About a query that is late.
  enum class Verdict : std::uint8_t {
    not_yet,  ///< it does not seem lost so far
    settled,  ///< it is merely slow upstream, or nothing more can be known
    lost,
  };
  Verdict judge(const PoolQuery& query, Instant now) const;

  /// How a query over a channel that was up has ended.
  struct Outcome {
    Instant sent, ended;
    bool answered;
  };
  /// Remembers whether the zone of `name` is slow upstream. To be called before PoolChannel::answered().
  void learn(const Name& name, const PoolChannel& channel, const Outcome& outcome);

  HedgeBudget& budget() { return budget_; }

private:
  bool seems_lost(const PoolQuery& query, Instant now) const;

  HedgeBudget budget_;
  SlowZones zones_;
};

}  // namespace tacet
