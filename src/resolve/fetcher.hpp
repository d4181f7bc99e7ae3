#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/task_group.hpp"
#include "observe/journal.hpp"
#include "resolve/cache.hpp"
#include "resolve/local_data.hpp"
#include "resolve/rebind.hpp"
#include "resolve/routes.hpp"

namespace tacet {

/// A question to be fetched: the key of its answer, how the first client spells it, and on whose behalf it is asked.
/// What it refers to is read inside the call only.
struct Wanted {
  const CacheKey& key;
  QuestionView question;
  EvidenceOrigin origin = EvidenceOrigin::client;
};

/// Fetches answers that are not kept: asks the upstreams of the name's route, follows aliases from one route to
/// another, keeps what may be kept, remembers what failed, and tells all who wait (P17). One per worker.
class Fetcher {
public:
  /// Every fetch has ended after this time, with or without an answer.
  static constexpr Duration time_limit = std::chrono::milliseconds(4300);

  struct Parts {
    Scheduler& scheduler;
    TaskGroup& tasks;
    Cache& cache;
    const Routes& routes;
    const LocalData& local_data;
    Metrics& metrics;
    Journal& journal;
    RebindGuard rebind = {};  ///< judges what is said of names in no zone of the local network
    /// Told of each answer to a type-65 question about such a name, before those who wait are.
    std::function<void(const CacheKey&, const Fetched&, EvidenceOrigin)> on_https = {};
  };
  explicit Fetcher(Parts parts);

  /// Sees to it that what `waiter` waits for on this route is fetched: begins that if nobody waited before. If too much
  /// is under way, all who wait for it are told Fault::overloaded instead.
  void fetch_for(const InFlight::FlightWaiter& waiter, const std::shared_ptr<Route>& route, const Wanted& wanted);
  /// Begins to fetch what has been entered as in flight on this route. Without memory, all who wait are told so.
  void launch(const std::shared_ptr<Route>& route, const Wanted& wanted);
  /// Fetches a kept answer anew before it expires, with nobody who waits. It is an extra: without memory nothing
  /// happens.
  void refresh_ahead(const std::shared_ptr<Route>& route, const Wanted& wanted);
  /// The same for an answer that is stale and was given at once; not while a failure is remembered, and no more often
  /// than Recheck lets it.
  void refresh_behind(const std::shared_ptr<Route>& route, const Wanted& wanted);

  /// Judges by another guard from now on.
  void set_rebind_guard(RebindGuard rebind) {
    rebind_ = std::move(rebind);
    outdate();
  }
  /// Names are answered by others from now on: an answer with parts of several routes that was begun before is not
  /// kept.
  void outdate() { ++settings_; }

private:
  /// A question that the upstreams of one route are asked.
  struct UpstreamQuestion {
    CacheKey key;
    std::shared_ptr<Route> route;
    Message query;
    std::uint64_t answers;  // that the route's zone had given when this began, for Recheck

    Recheck::Attempt attempt() const { return {route->zone, key, answers}; }
  };
  /// An answer whose aliases lead from one who answers to another.
  struct Chase {
    Fetched whole;                // as far as it is known
    std::vector<Name> chain;      // all names so far
    std::shared_ptr<Route> from;  // who was asked last
    int crossings = 0;
    std::optional<UpstreamQuestion> asked;  // for the rest
  };
  /// One fetch: the client's question, and what has come of it.
  struct Flight {
    UpstreamQuestion asked;
    EvidenceOrigin origin;
    Instant deadline;
    std::uint64_t settings;  // when it began
    std::unique_ptr<Chase> chase = nullptr;

    const UpstreamQuestion& asked_now() const { return chase ? *chase->asked : asked; }
  };
  /// What one who answers says of a name.
  struct Part {
    Fetched fetched;
    std::vector<Name> onward = {};  // the names along which it leads to another who answers; empty if it ends here
  };
  /// The whole answer, or its failure; nothing if a further question has to be asked for it.
  using Whole = std::optional<Result<Fetched>>;

  UpstreamQuestion question_to(const std::shared_ptr<Route>& route, const CacheKey& key,
                               const Question& question) const;
  Task<void> fly(Flight flight);
  bool take(Flight& flight, Result<Response> response);
  Result<Part> read(const UpstreamQuestion& asked, Result<Response> response);
  void land(const Flight& flight, Result<Fetched> fetched);
  void keep(const Flight& flight, const Fetched& fetched, Instant now);

  std::vector<Name> onward(const Route& route, const AnswerImage& image, const CacheKey& key) const;
  Whole begin_chase(Flight& flight, Part front);
  Whole go_on(Flight& flight, Result<Part> rest);
  Whole follow(Flight& flight, std::span<const Name> onward);
  Whole known(const Chase& chase, const Question& question, const CacheKey& key);
  void keep_rest(const UpstreamQuestion& asked, const Result<Part>& rest);

  Scheduler& scheduler_;
  TaskGroup& tasks_;
  Cache& cache_;
  const Routes& routes_;
  const LocalData& local_data_;
  Metrics& metrics_;
  Journal& journal_;
  RebindGuard rebind_;
  std::function<void(const CacheKey&, const Fetched&, EvidenceOrigin)> on_https_;
  std::uint64_t settings_ = 0;  // how often outdate() was called
};

}  // namespace tacet
