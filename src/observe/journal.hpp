#pragma once
#include <memory>
#include <utility>

#include "observe/failure_streak.hpp"
#include "observe/log_gates.hpp"
#include "observe/metrics.hpp"
#include "observe/query_tap.hpp"
#include "privacy/ledger.hpp"
#include "tacet/message.hpp"
#include "tacet/result.hpp"
#include "tacet/upstream.hpp"

namespace tacet {

/// The outcome of one query.
struct QueryRecord {
  Bytes query;                ///< the client's octets
  const MessageIndex& index;  ///< of the query
  Source source;
  Rcode rcode;
  Duration taken;                                              ///< from arrival to reply
  const Exchange* exchange = nullptr;                          ///< null unless an upstream answered
  const Error* error = nullptr;                                ///< null unless it failed
  std::optional<std::uint16_t> extended_error = std::nullopt;  ///< INFO-CODE of the answer, or one that explains it
  std::string_view reason = {};  ///< why there is no answer, in words; empty if nobody said
  Instant arrived = {};
  ClientAddress client = {};
};

/// What the ledger needs of a query: the hash of its cache key, its name in lower-case wire form, its type, and how its
/// client asked.
struct Resolved {
  std::uint64_t hash;
  Bytes name;
  Type type;
  ClientTransport transport = ClientTransport::udp;
};

/// Sees every query once, after its answer; only this class feeds metrics, log, query log and exposure ledger. Names
/// are logged only at debug level, and in the query log if the user turns it on.
class Journal {
public:
  Journal(Metrics& metrics, Ledger& ledger, std::shared_ptr<LogGates> gates = std::make_shared<LogGates>())
      : metrics_(metrics),
        ledger_(ledger),
        gates_(std::move(gates)) {}

  /// Puts every query into this tap from now on. The tap must outlive the journal.
  void log_to(QueryTap& tap) { tap_ = &tap; }
  /// True if the caller must also call log() for an answer that it gave at once, because a query log is on.
  bool logs() const { return tap_ != nullptr; }
  /// Puts a query into the query log. Only if logs().
  void log(const QueryRecord& record);

  /// An answer given at once, on the hot path: only counts.
  void answered_now(Source source, Rcode rcode) {
    ++metrics_.answers[static_cast<std::size_t>(source)];
    ++metrics_.rcodes[static_cast<std::size_t>(rcode) & 15U];
  }

  /// An answer that took some time.
  void record(const QueryRecord& record);

  /// A client got a NOERROR answer from any source: counts what it may connect to next.
  void resolved(const Resolved& query, Instant now) {
    if (query.type == Type::a || query.type == Type::aaaa || query.type == Type::https)
      ledger_.touch(query.hash, query.name, now, asked_by(query));
  }
  /// resolved() with this hash may follow soon.
  [[gnu::always_inline]] void expect(std::uint64_t hash) const { ledger_.expect(hash); }
  /// An upstream answered a question of a client or of our own.
  void exchanged(const Response& response, Instant now);
  /// An upstream answered a client's question about this name, in lower-case wire form; `rcode` is what the client got.
  void upstream_answered(Bytes name, Rcode rcode, Instant now);
  const FailureStreak& streak() const { return streak_; }
  /// A connection to the upstream with this URL was made.
  void connected(const std::string& upstream, const ConnectionFacts& facts, Instant now) {
    ledger_.connected(upstream, facts, now);
  }
  /// The evidence in an answer to a type-65 question.
  void learned(Bytes name, const HttpsEvidence& evidence, const Provenance& provenance) {
    ledger_.learn(name, evidence, provenance);
  }
  /// A type-65 question of our own was sent.
  void asked() { ledger_.asked(); }

private:
  static AskedBy asked_by(const Resolved& query) {
    if (query.transport != ClientTransport::https) return AskedBy::any;
    return query.type == Type::https ? AskedBy::https_for_key : AskedBy::https;
  }
  void tap(const QueryRecord& record);
  void note_failure(const QueryRecord& record);

  Metrics& metrics_;
  Ledger& ledger_;
  QueryTap* tap_ = nullptr;
  FailureStreak streak_;
  std::shared_ptr<LogGates> gates_;
};

}  // namespace tacet
