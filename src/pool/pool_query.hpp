#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "base/scheduler.hpp"
#include "dns/referral.hpp"
#include "pool/exchange_plan.hpp"
#include "pool/pool_server.hpp"

namespace tacet {

/// One query of the pool, and the outcome of its attempts. It lives until the last attempt has ended, because the
/// round-trip time of a late answer counts as well.
class PoolQuery {
public:
  PoolQuery(const Message& asked, Instant until) : message(asked), deadline(until) {}

  /// Wakes the coroutine that waits for the query, each time an attempt ends. It stands in that coroutine's frame, so
  /// it ends with a cancelled wait.
  struct Waiter {
    Waiter(Scheduler& scheduler, PoolQuery& waited_for) : event(scheduler), query(waited_for) { query.event_ = &event; }
    ~Waiter() { query.event_ = nullptr; }
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;

    AutoResetEvent event;
    PoolQuery& query;
  };

  /// An attempt has ended.
  void ended(Result<Response> result);
  /// True if an answer came that ends the query.
  bool answered() const { return best_grade_ == Grade::answer; }
  /// The event for the plan after a wait.
  ExchangePlan::Event event() const;
  /// The best outcome: an answer, otherwise an upstream's SERVFAIL or the like, otherwise a fault. Call once.
  Result<Response> outcome();

  /// True if the first server has answered nothing since, and is unreachable or does not acknowledge. Asks the kernel.
  bool first_is_silent() const;

  const Message message;
  const Instant deadline;
  ExchangePlan plan;
  std::vector<PoolServer*> order;    ///< the servers to ask, best first
  std::uint32_t running = 0;         ///< attempts that have not ended
  PoolChannel* first = nullptr;      ///< the channel of the first attempt
  PoolChannel* last = nullptr;       ///< the channel of the last attempt that is no second copy
  PoolChannel* copied_to = nullptr;  ///< the channel of the latest second copy
  std::uint64_t first_number = 0;    ///< PoolChannel::Sent::number of the first attempt
  std::optional<Instant> copy_won;   ///< when a second copy's answer came first

private:
  enum class Grade : std::uint8_t { nothing, fault, failure, answer };
  static Grade grade_of(const Result<Response>& result);

  AutoResetEvent* event_ = nullptr;
  Grade best_grade_ = Grade::nothing;
  Result<Response> best_ = fail(Fault::timeout);
};

/// True if another server may give a better RCODE: for all but NOERROR and NXDOMAIN.
inline bool is_failure(Rcode rcode) { return rcode != Rcode::noerror && rcode != Rcode::nxdomain; }
/// True if another server may give a better answer: for these RCODEs, and for a referral.
inline bool is_failure(const Message& answer) { return is_failure(answer.rcode()) || is_referral(answer); }

}  // namespace tacet
