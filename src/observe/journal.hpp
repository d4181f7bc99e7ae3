#pragma once
#include "observe/metrics.hpp"
#include "tacet/message.hpp"
#include "tacet/result.hpp"
#include "tacet/upstream.hpp"

namespace tacet {

/// What became of one query that had to be fetched.
struct QueryRecord {
  Bytes query;                ///< the client's octets
  const MessageIndex& index;  ///< of them
  Source source;
  Rcode rcode;
  Duration taken;                      ///< from arrival to reply
  const Exchange* exchange = nullptr;  ///< null unless an upstream answered
  const Error* error = nullptr;        ///< null unless it failed
};

/// Sees every query once, after it was answered; the only place that feeds metrics and log (and what else wants to
/// know). Names are logged at debug level only.
class Journal {
public:
  explicit Journal(Metrics& metrics) : metrics_(metrics) {}

  /// An answer given at once, on the hot path: counts, and nothing else.
  void answered_now(Source source, Rcode rcode) {
    ++metrics_.answers[static_cast<std::size_t>(source)];
    ++metrics_.rcodes[static_cast<std::size_t>(rcode) & 15U];
  }

  /// An answer that took a while.
  void record(const QueryRecord& record);

private:
  Metrics& metrics_;
};

}  // namespace tacet
