#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "base/task_group.hpp"
#include "observe/journal.hpp"
#include "resolve/answer_explanation.hpp"
#include "resolve/cache.hpp"
#include "resolve/fetcher.hpp"
#include "resolve/local_data.hpp"
#include "resolve/prober.hpp"
#include "resolve/routes.hpp"

namespace tacet {

/// A client's query as a listener has it in its buffer: valid while the buffer is.
struct QueryView {
  Bytes wire;
  const MessageIndex& index;
  Instant arrived;
  std::size_t limit;  ///< octets that the reply may have: udp_limit(), or 65535 over TCP
  ClientView client = {};
  Asker asker = Asker::this_machine;  ///< the hosts file has addresses that mean nothing elsewhere
};

/// A query that cannot be answered at once, with what was learned while trying.
struct Miss {
  std::vector<std::uint8_t> query;
  MessageIndex index;
  Instant arrived;
  std::size_t limit;
  CacheKey key;
  std::optional<AnswerImage> stale;  ///< an answer that has outlived its TTL, for want of a better one
  ClientAddress client = {};
};

/// A reply, ready to be sent.
using Reply = std::vector<std::uint8_t>;

/// Answers queries: hosts, then policy (but for zones of the local network), then cache, then the fetcher, in this
/// order and nowhere else. One per worker; the cache is shared with the others.
class Resolver {
public:
  /// Every query is answered within this time, with whatever there is by then: a little less than the 4.5 s that a
  /// client is promised, for the answer has to get there.
  static constexpr Duration answer_limit = Fetcher::time_limit;
  /// How long a query waits for a fresh answer when a stale one is at hand (RFC 8767 §5).
  static constexpr Duration stale_patience = Recheck::patience;
  /// The TTL of stale answers, seconds (RFC 8767 §5.2).
  static constexpr std::uint32_t stale_ttl = 30;

  /// How long each question of examine() may take.
  static constexpr Duration examination_limit = std::chrono::milliseconds(3000);

  struct Parts {
    Scheduler& scheduler;
    TaskGroup& tasks;
    const Policy& policy;
    Cache& cache;
    std::shared_ptr<Upstream> upstreams;
    Metrics& metrics;
    std::size_t pending_limit;
    ExposureMode exposure = ExposureMode::off;
    std::vector<ZoneRoute> zones = {};  ///< their names go nowhere else
    RebindGuard rebind = {};            ///< judges what everybody else says
    std::size_t exposure_names = Ledger::most_names;
  };
  explicit Resolver(const Parts& parts);

  /// The hot path: writes the reply into `out` and returns its size if policy or cache have it; else says what is
  /// missing. Allocates only in the latter case.
  std::variant<std::size_t, Miss> answer_now(const QueryView& query, std::span<std::uint8_t> out) {
    return answer_now(query, key_of(query.wire, query.index), out);
  }

  /// The same in three steps, for who has many queries at a time: between them the memory that the next one reads is
  /// fetched, and it need not wait for that.
  CacheKey key_of(Bytes query, const MessageIndex& index) const;
  void approach(const CacheKey& key) const { cache_.approach(key); }
  std::variant<std::size_t, Miss> answer_now(const QueryView& query, const CacheKey& key, std::span<std::uint8_t> out);

  /// Waits for the fetcher to bring what is missing, and makes the reply. Never fails: every outcome is fit to be sent.
  /// Without memory it is SERVFAIL, or empty. Uses up the miss, which must outlive the task.
  Task<Reply> answer(Miss& miss);

  /// What the HTTPS records of `name` say: from the cache, or by asking once; `upstream` then names who
  /// answered. Fault::refused for a name that never leaves the machine; else the upstreams' faults.
  Task<Result<NameExposure>> examine(Name name);

  /// What would answer, and why, for a client that sets neither DO nor CD. `services` is left to who knows them.
  AnswerExplanation explanation(const Question& question) const;

  /// What this machine knows by itself from now on; never null.
  void set_hosts(std::shared_ptr<const Hosts> hosts) {
    local_data_.set_hosts(std::move(hosts));
    fetcher_.outdate();
  }
  /// Answers by this policy from now on, which must outlive its use.
  void set_policy(const Policy& policy) { local_data_.set_policy(policy); }
  /// How the ledger learns from now on.
  void set_exposure(const ExposureConfig& exposure);
  /// Makes ways to these, each as in Parts, for set_routes().
  Routes::Change prepare(std::size_t pending_limit, std::shared_ptr<Upstream> upstreams,
                         const std::vector<ZoneRoute>& zones) {
    return routes_.prepare(pending_limit, std::move(upstreams), zones);
  }
  /// Asks those from now on. What was asked before is still answered, but not kept if others are asked in its stead.
  void set_routes(Routes::Change change) {
    routes_.use(std::move(change));
    fetcher_.outdate();
    cache_.recheck().forget();
  }
  /// Judges by another guard from now on. What was kept before was not: whoever calls this clears the cache, once all
  /// that share it have changed over.
  void set_rebind_guard(RebindGuard rebind) { fetcher_.set_rebind_guard(std::move(rebind)); }

  Journal& journal() { return journal_; }
  Ledger& ledger() { return ledger_; }

  /// Queries that wait for an upstream now.
  std::size_t pending() const { return routes_.waiting(); }
  /// The network changed: what failed may work now.
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
  std::optional<std::size_t> from_local_data(const QueryView& query, const CacheKey& key, ReplyRoom out);
  std::size_t from_cache(const QueryView& query, const CacheKey& key, ReplyRoom out, std::optional<AnswerImage>& stale);
  std::size_t refuse_recursion(const QueryView& query, ReplyRoom out);
  void answered_now(const QueryView& query, Source source, Rcode rcode, std::optional<std::uint16_t> extended_error);

  Duration patience_for(const Route& route, const Miss& miss);
  static Outcome outcome_of(FetchResult fetched, const Miss& miss);
  void hold_stale(const Recheck::Attempt& attempt, const FetchResult& fetched);
  Reply fit(const Outcome& outcome, const Miss& miss) const;
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
  Prober prober_;
};

}  // namespace tacet
