#pragma once
#include "dnssec/proof_budget.hpp"
#include "tacet/instant.hpp"

namespace tacet {

/// How the proofs of one worker share its time: other queries must not wait for the arithmetic of many answers at once,
/// nor for that of hostile zones, whose signatures fail on purpose. Pure.
class ProofPace {
public:
  /// Between two parts of a costly proof other queries are answered.
  static constexpr Duration pause = std::chrono::milliseconds(1);
  /// What signatures that do not hold may take, microseconds: at once, and of each second. Beyond it, one may fail in a
  /// proof. Honest zones need one signature for each RRset, and that holds.
  static constexpr double most_wasted = 100000, wasted_of_a_second = 100000;

  /// Call it before judge() or learn(): sets what the budget may take in this turn of the loop, which began at `now`.
  /// False if the turn's time is over: then the proof pauses.
  bool begin(ProofBudget& budget, Instant now);
  /// Call it behind them: notes what they took.
  void end(ProofBudget& budget);
  /// When a paused proof goes on: behind those that paused before, with time for what they want.
  Instant next_place(const ProofBudget& budget, Instant now);

private:
  Instant turn_ = Instant::min();
  int left_ = ProofBudget::turn_length;
  double may_waste_ = most_wasted;
  Instant place_ = Instant::min();
};

}  // namespace tacet
