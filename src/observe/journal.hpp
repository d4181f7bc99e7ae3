#pragma once
#include "observe/metrics.hpp"
#include "observe/query_tap.hpp"
#include "privacy/ledger.hpp"
#include "tacet/message.hpp"
#include "tacet/result.hpp"
#include "tacet/upstream.hpp"

namespace tacet {

/// What became of one query.
struct QueryRecord {
  Bytes query;                ///< the client's octets
  const MessageIndex& index;  ///< of them
  Source source;
  Rcode rcode;
  Duration taken;                                              ///< from arrival to reply
  const Exchange* exchange = nullptr;                          ///< null unless an upstream answered
  const Error* error = nullptr;                                ///< null unless it failed
  std::optional<std::uint16_t> extended_error = std::nullopt;  ///< INFO-CODE that came with the answer, or explains it
  Instant arrived = {};
  ClientAddress client = {};
};

/// What the ledger counts a query under: its cache key's hash, its name in lower-case wire form, and its type.
struct Resolved {
  std::uint64_t hash;
  Bytes name;
  Type type;
};

/// Sees every query once, after it was answered; the only place that feeds metrics, log, query log and exposure ledger.
/// Names are logged at debug level only, and in the query log of who asks for one.
class Journal {
public:
  Journal(Metrics& metrics, Ledger& ledger) : metrics_(metrics), ledger_(ledger) {}

  /// From now on every query is put there as well. The tap must outlive the journal.
  void log_to(QueryTap& tap) { tap_ = &tap; }
  /// Whether somebody wants to know more of an answer given at once than answered_now() takes: then log() is to follow.
  bool logs() const { return tap_ != nullptr; }
  /// Puts a query in the query log. Only if logs().
  void log(const QueryRecord& record);

  /// An answer given at once, on the hot path: counts, and nothing else.
  void answered_now(Source source, Rcode rcode) {
    ++metrics_.answers[static_cast<std::size_t>(source)];
    ++metrics_.rcodes[static_cast<std::size_t>(rcode) & 15U];
  }

  /// An answer that took a while.
  void record(const QueryRecord& record);

  /// A client was given a NOERROR answer, from wherever: what it may connect to next is counted.
  void resolved(const Resolved& query, Instant now) {
    if (query.type == Type::a || query.type == Type::aaaa || query.type == Type::https)
      ledger_.touch(query.hash, query.name, now);
  }
  /// resolved() with this hash may follow soon.
  [[gnu::always_inline]] void expect(std::uint64_t hash) const { ledger_.expect(hash); }
  /// An upstream answered, whoever asked.
  void exchanged(const Response& response, Instant now);
  /// A connection to the upstream with this URL was made.
  void connected(const std::string& upstream, const ConnectionFacts& facts, Instant now) {
    ledger_.connected(upstream, facts, now);
  }
  /// What an answer to a type-65 question showed.
  void learned(Bytes name, const HttpsEvidence& evidence, const Provenance& provenance) {
    ledger_.learn(name, evidence, provenance);
  }
  /// A type-65 question of our own was sent.
  void asked() { ledger_.asked(); }

private:
  void tap(const QueryRecord& record);

  Metrics& metrics_;
  Ledger& ledger_;
  QueryTap* tap_ = nullptr;
};

}  // namespace tacet
