#pragma once
#include <cstddef>
#include <list>
#include <memory>
#include <unordered_map>
#include <vector>

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
  struct Flight;

public:
  /// Beyond `limit` waiting queries the one that has waited longest is told Fault::overloaded.
  InFlight(Scheduler& scheduler, std::size_t limit) : scheduler_(scheduler), limit_(limit) {}

  /// A place among those who wait for one question. Lives in the waiter's frame; gives the place up when destroyed.
  class Seat {
  public:
    Seat(InFlight& in_flight, const CacheKey& key);
    ~Seat();
    Seat(const Seat&) = delete;
    Seat& operator=(const Seat&) = delete;

    /// True for the first to wait for its question: it has to see to it that the exchange is begun.
    bool leads() const { return leads_; }
    /// The result, or nothing if `until` came first.
    auto wait(Instant until) { return arrival_.wait(until); }

  private:
    friend class InFlight;
    InFlight& in_flight_;
    std::shared_ptr<Flight> flight_;
    std::list<Seat*>::iterator place_;
    OneShot<FetchResult> arrival_;
    bool leads_ = false;
  };

  /// True if the question is being asked; false if it was not, and now counts as such (for a refresh without waiters).
  bool begin(const CacheKey& key);

  /// The exchange has ended: tells everyone who waits, and forgets it.
  void land(const CacheKey& key, const FetchResult& result);

  std::size_t waiting() const { return order_.size(); }
  std::size_t flights() const { return flights_.size(); }
  std::uint64_t shed() const { return shed_; }

private:
  struct Flight {
    std::vector<Seat*> seats;
  };

  Scheduler& scheduler_;
  std::size_t limit_;
  std::unordered_map<CacheKey, std::shared_ptr<Flight>, CacheKeyHash> flights_;
  std::list<Seat*> order_;  // the one that has waited longest first
  std::uint64_t shed_ = 0;
};

}  // namespace tacet
