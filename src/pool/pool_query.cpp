#include "pool/pool_query.hpp"

#include <utility>

namespace tacet {

PoolQuery::Grade PoolQuery::grade_of(const Result<Response>& result) {
  if (!result) return Grade::fault;
  return is_failure(result->message) ? Grade::failure : Grade::answer;
}

void PoolQuery::ended(Result<Response> result) {
  --running;
  if (const Grade grade = grade_of(result); !answered() && grade >= best_grade_) {
    best_grade_ = grade;
    best_ = std::move(result);
  }
  if (event_ != nullptr) event_->set();
}

ExchangePlan::Event PoolQuery::event() const {
  if (answered()) return ExchangePlan::Event::answered;
  return running == 0 ? ExchangePlan::Event::all_failed : ExchangePlan::Event::woken;
}

Result<Response> PoolQuery::outcome() {
  if (best_grade_ == Grade::nothing) return fail(Fault::timeout, "no upstream answered in time");
  return std::move(best_);
}

bool PoolQuery::first_is_silent() const {
  if (first->server->answered_since(plan.begun())) return false;
  return !first->upstream->warm() || first->upstream->held_up();
}

}  // namespace tacet
