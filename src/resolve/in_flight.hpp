#pragma once
#include <cstddef>
#include <memory>
#include <unordered_map>

#include "base/ring.hpp"
#include "base/scheduler.hpp"
#include "dns/answer_image.hpp"
#include "resolve/cache/ahead.hpp"
#include "resolve/cache/cache_key.hpp"
#include "tacet/upstream.hpp"

namespace tacet {

/// The outcome of an exchange with the upstreams: the answer as it is kept, and how it came.
struct Fetched {
  AnswerImage image;
  Exchange exchange;
};

/// Shared by all waiters of one question.
using FetchResult = std::shared_ptr<const Result<Fetched>>;

/// The questions that are being asked now: identical ones share one exchange (P17). The exchange belongs to no waiter;
/// a waiter may leave at any time.
class InFlight {
public:
  /// If more than `limit` queries wait, the one that has waited longest gets Fault::overloaded.
  InFlight(Scheduler& scheduler, std::size_t limit)
      : scheduler_(scheduler),
        limit_(limit),
        overloaded_(make_overloaded()) {}
  /// Applies to queries that come later.
  void set_limit(std::size_t limit) { limit_ = limit; }

  /// A place among the waiters of one question. Lives in the waiter's frame; gives the place up when destroyed.
  class FlightWaiter {
  public:
    FlightWaiter(InFlight& in_flight, const CacheKey& key);
    ~FlightWaiter();
    FlightWaiter(const FlightWaiter&) = delete;
    FlightWaiter& operator=(const FlightWaiter&) = delete;

    /// True for the first waiter of a question, which must start the exchange.
    bool leads() const { return leads_; }
    /// The kind of guess that this waiter proves: the first one of a question that was in flight without a client.
    AheadKind proved() const { return proved_; }
    /// The result; nothing if `until` came first.
    auto wait(Instant until) { return arrival_.wait(until); }

  private:
    friend class InFlight;
    bool tell(const FetchResult& result);
    void leave_order();
    InFlight& in_flight_;
    Ring<FlightWaiter>::Place in_flight_place_{*this};  // among the waiters of its question, while that is in flight
    Ring<FlightWaiter>::Place in_order_place_{*this};   // until the waiter was told something
    OneShot<FetchResult> arrival_;
    bool leads_ = false;
    AheadKind proved_ = AheadKind::none;
  };

  /// True if the question is in flight already. If not, it counts as in flight from now on (for a refresh without
  /// waiters, or a guess).
  bool begin(const CacheKey& key, Ahead ahead = {});
  /// The guess for which the question is in flight. Its kind is none once a client waits.
  Ahead ahead_of(const CacheKey& key) const;

  /// The exchange has ended: tells all its waiters, and forgets it.
  void land(const CacheKey& key, const FetchResult& result);

  /// Ends the question without an exchange: all its waiters get Fault::overloaded.
  void refuse(const CacheKey& key);

  /// True if so many exchanges are running, most of them without a waiter, that no further one should begin.
  bool crowded() const { return flights_.size() > 2 * limit_; }

  std::size_t waiting() const { return seats_; }
  std::size_t flights() const { return flights_.size(); }
  std::uint64_t shed() const { return shed_; }

private:
  struct Flight {
    Ring<FlightWaiter> waiters;
    Ahead ahead;
  };
  void shed_oldest();
  static FetchResult make_overloaded();
  std::size_t end(const CacheKey& key, const FetchResult& result);

  Scheduler& scheduler_;
  std::size_t limit_;
  FetchResult overloaded_;  // made at the start, because it also reports a lack of memory
  std::unordered_map<CacheKey, Flight, CacheKeyHash> flights_;
  Ring<FlightWaiter> order_;  // the waiters that were told nothing yet, the longest waiting first
  std::size_t in_order_ = 0;
  std::size_t seats_ = 0;
  std::uint64_t shed_ = 0;
};

}  // namespace tacet
