#pragma once
#include <cstdint>

#include "pool/health.hpp"
#include "pool/pool_query.hpp"
#include "pool/slow_zones.hpp"

namespace tacet {

/// When a query is asked twice: tells one that is late because it is lost from one that is slow upstream, and keeps the
/// budget that second copies are paid from. Pure but for what Upstream::held_up() asks the kernel.
class Hedging {
public:
  /// How long a query waits on this channel before a second copy is thought of: until it is late, and longer where
  /// there is little left to spend.
  Duration delay_on(const PoolChannel& channel) const;

  enum class Verdict : std::uint8_t {
    not_yet,  ///< it does not seem lost so far
    settled,  ///< it is merely slow upstream, or nothing more can be known
    lost,
  };
  Verdict judge(const PoolQuery& query, Instant now) const;

  struct Outcome {
    Instant sent, ended;
    bool answered;
  };
  /// A query over a channel that was up has ended: remembers whether the zone of `name` is slow upstream. Comes before
  /// PoolChannel::answered().
  void learn(const Name& name, const PoolChannel& channel, const Outcome& outcome);

  ExtraBudget& budget() { return budget_; }

private:
  bool seems_lost(const PoolQuery& query, Instant now) const;

  ExtraBudget budget_;
  SlowZones zones_;
};

}  // namespace tacet
