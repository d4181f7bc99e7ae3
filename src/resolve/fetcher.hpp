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
#include "resolve/ahead_budget.hpp"
#include "resolve/cache/cache.hpp"
#include "resolve/local_data.hpp"
#include "resolve/rebind.hpp"
#include "resolve/routes.hpp"
#include "resolve/validation/validation.hpp"

namespace tacet {

/// A question to fetch: the key of its answer, its spelling by the first client, and its origin. The references are
/// read inside the call only.
struct Wanted {
  const CacheKey& key;
  QuestionView question;
  EvidenceOrigin origin = EvidenceOrigin::client;
};

/// What a fetcher works with; the references must outlive it.
struct FetcherContext {
  Scheduler& scheduler;
  TaskGroup& tasks;
  Cache& cache;
  const Routes& routes;
  const LocalData& local_data;
  Metrics& metrics;
  Journal& journal;
  RebindGuard rebind = {};  ///< judges answers for names in no zone of the local network
  /// Called for each answer to a type-65 question about such a name, before the waiters are told.
  std::function<void(const CacheKey&, const Fetched&, EvidenceOrigin)> on_https = {};
  std::shared_ptr<LogGates> gates = std::make_shared<LogGates>();
};

/// Fetches answers that are not kept: asks the upstreams of the name's route, follows aliases from one route to
/// another, keeps what may be kept, remembers failures, and tells all waiters (P17). One per worker.
class Fetcher {
public:
  /// Every fetch ends within this time, with or without an answer.
  static constexpr Duration time_limit = std::chrono::milliseconds(4300);

  explicit Fetcher(FetcherContext context)
      : context_(std::move(context)),
        validation_(context_.scheduler, context_.tasks, context_.metrics, context_.cache.seed(), context_.gates) {}

  /// Valid as long as the fetcher.
  const FetcherContext& context() const { return context_; }

  /// Fetches what `waiter` waits for on this route, unless another waiter has started that. If too many fetches are
  /// running, all waiters of this question get Fault::overloaded instead.
  void fetch_for(const InFlight::FlightWaiter& waiter, const std::shared_ptr<Route>& route, const Wanted& wanted);
  /// The answer about a name that does not exist, if a kept denial of its zone shows that (RFC 8198); null otherwise.
  /// Keeps it and counts it. Not for a client that sets CD, nor for names of the local network.
  FetchResult denied(const Route& route, const Wanted& wanted);
  /// Starts to fetch a question that is in flight on this route. Without memory, all its waiters are told so.
  void launch(const std::shared_ptr<Route>& route, const Wanted& wanted);
  /// Fetches an answer because a client will probably ask for it; no query waits for it. Counts it. It is an extra:
  /// nothing happens without memory or budget, or while the upstreams fail.
  void ask_ahead(const std::shared_ptr<Route>& route, const Wanted& wanted, Ahead ahead);
  /// A client used an answer that was asked for ahead. Nothing happens if `kind` is none.
  void proved(AheadKind kind) {
    if (kind != AheadKind::none) count_proved(kind);
  }
  /// Fetches a fresh answer behind a stale one that was given at once. Does nothing while a failure is remembered, and
  /// happens only as often as Recheck allows.
  void refresh_behind(const std::shared_ptr<Route>& route, const Wanted& wanted);

  /// Replaces the guard.
  void set_rebind_guard(RebindGuard rebind) {
    context_.rebind = std::move(rebind);
    outdate();
  }
  /// Validates by these rules from now on.
  void use(std::shared_ptr<const ValidationRules> rules) {
    validation_.use(std::move(rules));
    outdate();
  }
  Validation& validation() { return validation_; }
  /// The settings changed: an answer with parts of several routes that was begun before will not be kept.
  void outdate() { ++settings_; }

private:
  /// A question to the upstreams of one route.
  struct UpstreamQuestion {
    CacheKey key;
    std::shared_ptr<Route> route;
    Message query;
    std::uint64_t answers;  // the count of answers in the route's zone when this began, for Recheck

    Recheck::Attempt attempt() const { return {route->zone, key, answers}; }
  };
  /// An answer with aliases that lead to another route, or to this machine.
  struct Chase {
    Fetched whole;                // as far as it is known
    std::vector<Name> chain;      // all names so far
    std::shared_ptr<Route> from;  // the route of the last question
    int crossings = 0;
    std::optional<UpstreamQuestion> asked;  // for the rest of the answer
  };
  /// One fetch: the client's question and the outcome so far.
  struct Flight {
    UpstreamQuestion asked;
    EvidenceOrigin origin;
    Instant deadline;
    std::uint64_t settings;  // value of settings_ when it began
    std::unique_ptr<Chase> chase = nullptr;

    const UpstreamQuestion& asked_now() const { return chase ? *chase->asked : asked; }
  };
  /// A response of the upstreams, and the judgement of it; nothing if answers are not proven before clients get them.
  struct Judged {
    Response response;
    std::optional<Judgement> judgement = std::nullopt;
  };
  /// What one route, or this machine, says of a name.
  struct Part {
    Fetched fetched;
    std::vector<Name> onward = {};  // the names by which it leads elsewhere; empty if it ends here
  };
  /// The whole answer or its failure; nothing if a further question must be asked.
  using Whole = std::optional<Result<Fetched>>;

  UpstreamQuestion question_to(const std::shared_ptr<Route>& route, const CacheKey& key,
                               const Question& question) const;
  Task<void> fly(Flight flight);
  bool validates(const Route& route, const CacheKey& key) const;
  static bool is_signed(const Message& message);
  Task<Result<Judged>> ask(const UpstreamQuestion& asked, Instant deadline);
  std::optional<Name> other_route_in(const UpstreamQuestion& asked, const Message& message) const;
  bool take(Flight& flight, Result<Judged> judged);
  Result<Part> read(const UpstreamQuestion& asked, Result<Judged> judged);
  void judge_image(AnswerImage& image, const UpstreamQuestion& asked, const Judged& judged) const;
  void count_proved(AheadKind kind);
  bool fails_now(Route& route, const CacheKey& key) const;
  void land(const Flight& flight, Result<Fetched> fetched);
  void keep(const Flight& flight, const Fetched& fetched, Instant now);

  std::vector<Name> onward(const Route& route, const AnswerImage& image, const CacheKey& key) const;
  Whole begin_chase(Flight& flight, Part front);
  Whole go_on(Flight& flight, Result<Part> rest);
  Whole follow(Flight& flight, std::span<const Name> onward);
  Whole known(const Chase& chase, const Question& question, const CacheKey& key);
  void keep_rest(const UpstreamQuestion& asked, const Result<Part>& rest);

  FetcherContext context_;
  Validation validation_;
  AheadBudget budget_;
  std::uint64_t settings_ = 0;  // counts the calls of outdate()
};

}  // namespace tacet
