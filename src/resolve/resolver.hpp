#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "base/task_group.hpp"
#include "dns/local_answer.hpp"
#include "observe/journal.hpp"
#include "resolve/answer_explanation.hpp"
#include "resolve/cache/cache.hpp"
#include "resolve/fetcher.hpp"
#include "resolve/local_data.hpp"
#include "resolve/look_ahead.hpp"
#include "resolve/prober.hpp"
#include "resolve/routes.hpp"

namespace tacet {

/// Makes the records of the encrypted listeners of ours that a client may use in place of the address that it asked
/// (RFC 9462). Called on the worker's thread.
using Designate = std::function<std::vector<LocalRecord>()>;

/// A client's query in its listener's buffer; valid while the buffer is.
struct QueryView {
  Bytes wire;
  const MessageIndex& index;
  Instant arrived;
  std::size_t limit;  ///< octets that the reply may have: udp_limit(), or 65535 over TCP
  ClientView client = {};
  Asker asker = Asker::this_machine;     ///< the hosts file has addresses that mean nothing elsewhere
  const Designate* designate = nullptr;  ///< null: this listener designates none
};

/// A query that must wait, with what the resolver has learned about it.
struct Miss {
  std::vector<std::uint8_t> query;
  MessageIndex index;
  Instant arrived;
  std::size_t limit;
  CacheKey key;
  std::optional<AnswerImage> stale;  ///< an answer past its TTL, in case no better one comes
  bool just_expired = false;         ///< `stale` has been so for a short time only
  ClientAddress client = {};
};

/// A reply, ready to be sent.
using Reply = std::vector<std::uint8_t>;

/// What a resolver works with, and its first settings. The references must outlive it.
struct ResolverSetup {
  Scheduler& scheduler;
  TaskGroup& tasks;
  const Policy& policy;
  Cache& cache;
  std::shared_ptr<Upstream> upstreams;
  Metrics& metrics;
  std::size_t pending_limit;
  ExposureMode exposure = ExposureMode::off;
  std::vector<ZoneRoute> zones = {};  ///< names of these go nowhere else
  RebindGuard rebind = {};            ///< judges answers for all other names
  std::size_t exposure_names = Ledger::most_names;
  std::shared_ptr<const ValidationRules> dnssec = std::make_shared<const ValidationRules>();
  std::shared_ptr<LogGates> gates = std::make_shared<LogGates>();
};

/// Answers queries: hosts, then policy (not for zones of the local network), then cache, then the fetcher. This order
/// stands nowhere else. One per worker; the workers share the cache.
class Resolver {
public:
  /// Every query gets a reply within this time, whatever there is by then. It is a little less than the 4.5 s promised
  /// to clients, because the reply must still travel.
  static constexpr Duration answer_limit = Fetcher::time_limit;
  /// The TTL of stale answers, seconds (RFC 8767 §5.2).
  static constexpr std::uint32_t stale_ttl = 30;
  /// With StaleUse::at_once, a stale answer goes out at once if it expired no longer ago than this.
  static constexpr Duration just_expired = std::chrono::hours(1);

  /// How long each question of examine() may take.
  static constexpr Duration examination_limit = std::chrono::milliseconds(3000);

  explicit Resolver(const ResolverSetup& setup);

  /// The hot path: writes the reply into `out` and returns its size if local data or cache have it; otherwise returns a
  /// Miss. Only a Miss allocates.
  std::variant<std::size_t, Miss> answer_now(const QueryView& query, std::span<std::uint8_t> out) {
    return answer_now(query, key_of(query.wire, query.index), out);
  }

  /// The same in three steps, for a caller with many queries: the memory of each step is fetched while other queries
  /// run, so no query waits for it.
  CacheKey key_of(Bytes query, const MessageIndex& index) const;
  void approach(const CacheKey& key) const { cache_.approach(key); }
  std::variant<std::size_t, Miss> answer_now(const QueryView& query, const CacheKey& key, std::span<std::uint8_t> out);

  /// Waits for the fetcher and makes the reply. Never fails: every outcome becomes a reply. Without memory it is
  /// SERVFAIL, or empty. Uses up the miss, which must outlive the task.
  Task<Reply> answer(Miss& miss);

  /// What the HTTPS records of `name` say: from the cache, or by one question; `upstream` then names the upstream that
  /// answered. Fault::refused for a name that never leaves the machine; otherwise the upstreams' faults.
  Task<Result<NameExposure>> examine(Name name);

  /// What would answer, and why, for a client that sets neither DO nor CD. The caller fills in `services`.
  AnswerExplanation explanation(const Question& question);

  /// Uses this hosts file from now on; never null.
  void set_hosts(std::shared_ptr<const Hosts> hosts) {
    local_data_.set_hosts(std::move(hosts));
    fetcher_.outdate();
  }
  /// Uses this policy from now on, which must outlive its use.
  void set_policy(const Policy& policy) { local_data_.set_policy(policy); }
  /// Changes how the ledger learns.
  void set_exposure(const ExposureConfig& exposure);
  /// Makes routes to these upstreams, each as in ResolverSetup, for set_routes().
  Routes::Change prepare(std::size_t pending_limit, std::shared_ptr<Upstream> upstreams,
                         const std::vector<ZoneRoute>& zones) {
    return routes_.prepare(pending_limit, std::move(upstreams), zones);
  }
  /// Uses these routes from now on. Earlier questions still get their answers, but an answer is not kept if its route
  /// was replaced.
  void set_routes(Routes::Change change) {
    routes_.use(std::move(change));
    fetcher_.outdate();
    cache_.recheck().forget();
  }
  /// Uses another guard from now on. Kept answers were judged by the former one, so the caller clears the cache once
  /// all workers that share it have changed.
  void set_rebind_guard(RebindGuard rebind) { fetcher_.set_rebind_guard(std::move(rebind)); }

  /// Validates by these rules from now on. Kept answers were judged by the former ones, so the caller clears the cache
  /// as above.
  void set_dnssec(std::shared_ptr<const ValidationRules> rules) {
    routes_.others()->failures = {};
    fetcher_.use(std::move(rules));
  }
  /// The clock jumped: forgets what was judged by the former time, except what the cache keeps.
  void forget_verdicts() {
    routes_.others()->failures = {};
    fetcher_.validation().forget();
  }
  Validation& validation() { return fetcher_.validation(); }
  /// Gets what every proof needs, before the first client asks.
  void warm_up() { fetcher_.validation().warm_up(routes_.others()->upstreams); }

  Journal& journal() { return journal_; }
  Ledger& ledger() { return ledger_; }

  /// Queries that wait for an upstream now.
  std::size_t pending() const { return routes_.waiting(); }
  /// The network changed: forgets failures, because the upstreams may work now.
  void forget_failures() {
    routes_.forget_failures();
    cache_.recheck().forget();
  }

private:
  struct Outcome {
    Source source;
    FetchResult fetched;  // null if nothing came in time
  };

  using ReplyRoom = std::span<std::uint8_t>;  // for a reply
  std::optional<AnswerImage> designated(const QueryView& query) const;
  std::optional<std::size_t> from_local_data(const QueryView& query, const CacheKey& key, ReplyRoom out);
  struct Stale {
    std::optional<AnswerImage> answer;
    bool just_expired = false;
  };
  std::size_t from_cache(const QueryView& query, const CacheKey& key, ReplyRoom out, Stale& stale);
  std::size_t refuse_recursion(const QueryView& query, ReplyRoom out);
  void answered_now(const QueryView& query, Source source, Rcode rcode, std::optional<std::uint16_t> extended_error);

  Duration patience_for(const Route& route, const Miss& miss);
  static Outcome outcome_of(FetchResult fetched, const Miss& miss);
  void hold_stale(const Recheck::Attempt& attempt, const FetchResult& fetched);
  Reply fit(const Outcome& outcome, const Miss& miss) const;
  static const Error& error_of(const Outcome& outcome);
  static std::string_view reason_of(const Outcome& outcome);
  static std::optional<std::uint16_t> extended_error_of(const Outcome& outcome, const Miss& miss);
  void record(const Outcome& outcome, const Miss& miss, const Reply& reply);

  std::optional<std::vector<std::uint8_t>> cached(const CacheKey& key, Instant now);
  HttpsEvidence evidence_in(Bytes image, const CacheKey& key, Instant now);
  void learn(const CacheKey& key, Bytes image, const Provenance& provenance);
  void want_evidence(const Miss& miss);
  bool probe(const Name& name);
  std::optional<Error> stays_near(const Question& question, const CacheKey& key) const;
  Task<FetchResult> fetch_https(const CacheKey& key, const Question& question);

  Scheduler& scheduler_;
  Cache& cache_;
  Ledger ledger_;
  Journal journal_;
  Routes routes_;
  LocalData local_data_;
  Fetcher fetcher_;
  LookAhead look_ahead_;
  Prober prober_;
};

}  // namespace tacet
