#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tacet/instant.hpp"

namespace tacet {

/// The source of an answer.
enum class Source : std::uint8_t { policy, cache, stale, upstream, failure };
inline constexpr std::size_t source_count = 5;
/// "policy", "cache", "stale", "upstream", "failure".
std::string_view to_string(Source source);

/// Why an answer is bogus, by the INFO-CODE of its extended error (RFC 8914 §4): 6 to 12; the last one is all others.
inline constexpr std::size_t bogus_reason_count = 8;
constexpr std::size_t bogus_reason(std::uint16_t code) {
  return code >= 6 && code <= 12 ? static_cast<std::size_t>(code - 6) : bogus_reason_count - 1;
}

/// Times in the buckets of a Prometheus histogram.
class Histogram {
public:
  /// Upper bounds in seconds; one more bucket takes larger times.
  static constexpr std::array<double, 18> bounds{0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005,
                                                 0.001,   0.0025,   0.005,   0.01,   0.025,   0.05,
                                                 0.1,     0.25,     0.5,     1.0,    2.5,     5.0};

  /// Counts `count` events with this time each.
  void observe(Duration time, std::uint64_t count = 1);
  void add(const Histogram& other);
  const std::array<std::uint64_t, bounds.size() + 1>& buckets() const { return buckets_; }
  std::uint64_t count() const { return count_; }
  double sum_seconds() const { return sum_seconds_; }
  /// The upper bound (seconds) of the bucket that holds the given share of all times; 0 without any.
  double percentile(double share) const;
  /// The same, but as if the times of a bucket lay evenly within it: for plots.
  double estimate(double share) const;
  /// The times that came after `earlier`, an earlier state of this histogram.
  Histogram since(const Histogram& earlier) const;

private:
  std::array<std::uint64_t, bounds.size() + 1> buckets_{};
  std::uint64_t count_ = 0;
  double sum_seconds_ = 0;
};

/// The events that one worker counts. It holds only 64-bit numbers, and adding them up goes word by word, so a new
/// number cannot be forgotten. report/counter_table.cpp has the name of each.
struct EventCounts {
  std::uint64_t udp_queries = 0, tcp_queries = 0, tls_queries = 0, https_queries = 0;
  std::uint64_t dropped = 0;                          ///< datagrams that are no queries (short, or responses)
  std::uint64_t rejected = 0;                         ///< FORMERR, NOTIMP, BADVERS, REFUSED before policy
  std::array<std::uint64_t, source_count> answers{};  ///< by Source
  std::array<std::uint64_t, 16> rcodes{};             ///< by RCODE's low four bits
  std::uint64_t coalesced = 0;                        ///< misses that joined another's exchange
  std::uint64_t prefetches = 0;                       ///< refreshes begun before expiry
  std::uint64_t prefetches_used = 0;                  ///< of these, those that spared a client's wait
  std::uint64_t followers_asked = 0;                  ///< followers of a name fetched when it came again
  std::uint64_t followers_used = 0;                   ///< of these, those that spared a client's wait
  std::uint64_t ahead_denied = 0;                     ///< neither of both, because the budget was spent
  std::uint64_t overloaded = 0;                       ///< waiting misses that got SERVFAIL because of a limit
  std::uint64_t not_allowed = 0;                      ///< queries and connections from addresses outside `allow`
  std::uint64_t rate_limited = 0;                     ///< UDP queries over a client's rate, sent to TCP
  std::uint64_t wait_limited = 0;                     ///< misses of clients with too many waiting queries
  std::uint64_t truncated = 0;                        ///< replies sent with TC=1
  std::uint64_t send_failures = 0;                    ///< UDP replies that the kernel did not take
  std::uint64_t tcp_clients = 0;                      ///< open connections of plain DNS
  std::uint64_t tls_clients = 0, https_clients = 0;   ///< the same of DNS over TLS and over HTTPS
  std::uint64_t hedges_sent = 0, hedges_won = 0, hedges_denied = 0;
  std::uint64_t retries = 0;          ///< exchanges begun because another failed
  std::uint64_t bad_answers = 0;      ///< mismatched or malformed answers from upstreams
  std::uint64_t rebinds_refused = 0;  ///< answers not kept as they came: private addresses for public names
  std::array<std::uint64_t, 4> dnssec_verdicts{};                 ///< by SecurityStatus
  std::array<std::uint64_t, bogus_reason_count> bogus_answers{};  ///< by bogus_reason()
  std::uint64_t dnssec_repaired = 0;     ///< answers that one server could not prove and another one could
  std::uint64_t dnssec_questions = 0;    ///< questions to upstreams that only validation needs
  std::uint64_t dnssec_denied_here = 0;  ///< names whose kept denial spared a question (RFC 8198)
};

/// The counts and times of one worker. Only its worker writes them; a reader merges those of all workers.
struct Metrics : EventCounts {
  Histogram at_once_time;  ///< from arrival to reply, for answers without a wait: local and cached
  Histogram waited_time;   ///< the same for all other answers: of upstreams, stale ones, failures
  Histogram miss_time;     ///< the same for answers of upstreams only

  void add(const Metrics& other);
};

}  // namespace tacet
