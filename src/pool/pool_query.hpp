#pragma once
#include <cstdint>
#include <vector>

#include "base/scheduler.hpp"
#include "pool/exchange_plan.hpp"
#include "pool/pool_server.hpp"

namespace tacet {

/// One query that the pool asks, and what its attempts have brought. Lives until the last attempt has ended: the time
/// of an attempt that came too late is measured as well.
class PoolQuery {
public:
  PoolQuery(const Message& asked, Instant until) : message(asked), deadline(until) {}

  /// Wakes the coroutine that waits for the query, each time that an attempt ends. Stands in that coroutine's frame, so
  /// that it ends with a cancelled wait.
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
  /// An answer came that ends the query.
  bool answered() const { return best_grade_ == Grade::answer; }
  /// What the plan is to be told after a wait.
  ExchangePlan::Event event() const;
  /// The best that came: an answer, or else an upstream's SERVFAIL or the like, or else a fault. Once.
  Result<Response> outcome();

  /// True if the server that was asked first has answered nothing since, and cannot be reached or does not acknowledge.
  /// Asks the kernel.
  bool first_is_silent() const;

  const Message message;
  const Instant deadline;
  ExchangePlan plan;
  std::vector<PoolServer*> order;    ///< of the servers to ask
  std::uint32_t running = 0;         ///< attempts that have not ended
  PoolChannel* first = nullptr;      ///< that it went over first
  PoolChannel* last = nullptr;       ///< that it went over last, but for second copies
  PoolChannel* copied_to = nullptr;  ///< that the latest second copy went over
  std::uint64_t first_number = 0;    ///< PoolChannel::Sent::number of the first attempt

private:
  enum class Grade : std::uint8_t { nothing, fault, failure, answer };
  static Grade grade_of(const Result<Response>& result);

  AutoResetEvent* event_ = nullptr;
  Grade best_grade_ = Grade::nothing;
  Result<Response> best_ = fail(Fault::timeout);
};

/// True for an RCODE that another server may better: anything but NOERROR and NXDOMAIN.
inline bool is_failure(Rcode rcode) { return rcode != Rcode::noerror && rcode != Rcode::nxdomain; }

}  // namespace tacet
