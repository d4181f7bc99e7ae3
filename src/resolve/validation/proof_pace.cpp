#include "resolve/validation/proof_pace.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace tacet {

bool ProofPace::begin(ProofBudget& budget, Instant now) {
  if (now > turn_) {
    if (turn_ != Instant::min()) {
      const double seconds = std::chrono::duration<double>(now - turn_).count();
      may_waste_ = std::min(most_wasted, may_waste_ + seconds * wasted_of_a_second);
    }
    turn_ = now;
    left_ = ProofBudget::turn_length;
  }
  if (left_ < 0) return false;
  budget.turn = left_;
  if (may_waste_ <= 0) budget.failures = std::min(budget.failures, 1);
  return true;
}

void ProofPace::end(ProofBudget& budget) {
  left_ = budget.turn - std::exchange(budget.beside, 0);
  may_waste_ = std::max(-most_wasted, may_waste_ - std::exchange(budget.wasted, 0));
}

Instant ProofPace::next_place(const ProofBudget& budget, Instant now) {
  const Instant place = std::max(place_, now + pause);
  place_ = place + std::chrono::microseconds(budget.wanted);
  return place;
}

}  // namespace tacet
