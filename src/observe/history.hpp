#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "observe/metrics.hpp"
#include "tacet/instant.hpp"

namespace tacet {

/// What was answered within one minute, or longer if the machine slept. `waited_*` are times in seconds from query to
/// reply, of the answers that were not here already; 0 without such answers. `failure` holds every SERVFAIL.
struct HistoryMinute {
  Instant end{};
  float seconds = 0;  ///< its length
  std::uint32_t policy = 0, cache = 0, stale = 0, upstream = 0, failure = 0;
  float waited_p50 = 0, waited_p95 = 0, waited_p99 = 0;

  std::uint32_t questions() const { return policy + cache + stale + upstream + failure; }
};

/// The last 24 hours in minutes. It takes 62 KiB from the start, so that noting a minute needs no memory.
class History {
public:
  static constexpr std::size_t most_minutes = 1440;

  /// `now`: when the totals were zero.
  explicit History(Instant now);

  /// True if a minute has passed since the last call of note().
  bool is_due(Instant now) const;
  /// Ends the running minute. `totals` counts from the start of the process.
  void note(const Metrics& totals, Instant now);
  /// The last `most` minutes, the oldest first; the last of them is the running one.
  std::vector<HistoryMinute> minutes(const Metrics& totals, Instant now, std::size_t most) const;

private:
  HistoryMinute running(const Metrics& totals, Instant now) const;

  std::vector<HistoryMinute> ring_;
  std::size_t next_ = 0;
  Metrics noted_;  // the totals at noted_at_
  Instant noted_at_;
};

}  // namespace tacet
