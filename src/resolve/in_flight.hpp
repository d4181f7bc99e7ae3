#pragma once
#include <cstddef>
#include <memory>
#include <unordered_map>

#include "base/ring.hpp"
#include "base/scheduler.hpp"
#include "dns/answer_image.hpp"
#include "resolve/cache_key.hpp"
#include "tacet/upstream.hpp"

namespace tacet {

/// What an exchange with the upstreams brought: the answer as it is kept, and how it came.
struct Fetched {
  AnswerImage image;
  Exchange exchange;
};

/// Shared by all who wait for the same question.
using FetchResult = std::shared_ptr<const Result<Fetched>>;

/// The questions that are being asked right now: identical ones share one exchange (P17). The exchange belongs to
/// nobody who waits; who waits leaves when it likes.
class InFlight {
public:
  /// Beyond `limit` waiting queries the one that has waited longest is told Fault::overloaded.
  InFlight(Scheduler& scheduler, std::size_t limit)
      : scheduler_(scheduler),
        limit_(limit),
        overloaded_(make_overloaded()) {}
  /// For who comes from now on.
  void set_limit(std::size_t limit) { limit_ = limit; }

  /// A place among those who wait for one question. Lives in the waiter's frame; gives the place up when destroyed.
  class FlightWaiter {
  public:
    FlightWaiter(InFlight& in_flight, const CacheKey& key);
    ~FlightWaiter();
    FlightWaiter(const FlightWaiter&) = delete;
    FlightWaiter& operator=(const FlightWaiter&) = delete;

    /// True for the first to wait for its question: it has to see to it that the exchange is begun.
    bool leads() const { return leads_; }
    /// The result, or nothing if `until` came first.
    auto wait(Instant until) { return arrival_.wait(until); }

  private:
    friend class InFlight;
    bool tell(const FetchResult& result);
    void leave_order();
    InFlight& in_flight_;
    Ring<FlightWaiter>::Place in_flight_place_{*this};  // among those of its question, while that is asked
    Ring<FlightWaiter>::Place in_order_place_{*this};   // until it was told something
    OneShot<FetchResult> arrival_;
    bool leads_ = false;
  };

  /// True if the question is being asked; false if it was not, and now counts as such (for a refresh without waiters).
  bool begin(const CacheKey& key);

  /// The exchange has ended: tells everyone who waits, and forgets it.
  void land(const CacheKey& key, const FetchResult& result);

  /// Ends the question without an exchange: everyone who waits for it is told Fault::overloaded.
  void refuse(const CacheKey& key);

  /// True if so many exchanges run, most of them for nobody any more, that no further one should begin.
  bool crowded() const { return flights_.size() > 2 * limit_; }

  std::size_t waiting() const { return seats_; }
  std::size_t flights() const { return flights_.size(); }
  std::uint64_t shed() const { return shed_; }

private:
  struct Flight {
    Ring<FlightWaiter> waiters;
  };
  void shed_oldest();
  static FetchResult make_overloaded();
  std::size_t end(const CacheKey& key, const FetchResult& result);

  Scheduler& scheduler_;
  std::size_t limit_;
  FetchResult overloaded_;  // made at the start, for it tells of want of memory, too
  std::unordered_map<CacheKey, Flight, CacheKeyHash> flights_;
  Ring<FlightWaiter> order_;  // of those who were told nothing yet, the one that has waited longest first
  std::size_t in_order_ = 0;
  std::size_t seats_ = 0;
  std::uint64_t shed_ = 0;
};

}  // namespace tacet
