#include "observe/history.hpp"

#include <algorithm>

#include "tacet/message.hpp"

namespace tacet {
namespace {

/// A timer that is due in a minute may be a little early by another clock's measure.
constexpr Duration a_minute = std::chrono::seconds(59);

float seconds(Duration time) { return std::chrono::duration<float>(time).count(); }

std::uint32_t since(const Metrics& earlier, const Metrics& totals, Source source) {
  const auto index = static_cast<std::size_t>(source);
  return static_cast<std::uint32_t>(totals.answers[index] - earlier.answers[index]);
}

}  // namespace

History::History(Instant now) : noted_at_(now) { ring_.reserve(most_minutes); }

bool History::is_due(Instant now) const { return now - noted_at_ >= a_minute; }

HistoryMinute History::running(const Metrics& totals, Instant now) const {
  const auto count = [&](Source source) { return since(noted_, totals, source); };
  // Answers of upstreams that failed or could not be proven: for the client they are failures as well.
  constexpr auto servfail = static_cast<std::size_t>(Rcode::servfail);
  const auto failed = static_cast<std::uint32_t>(totals.rcodes[servfail] - noted_.rcodes[servfail]);
  const std::uint32_t silent = count(Source::failure), answered = count(Source::upstream);
  const std::uint32_t bad = std::min(answered, failed - std::min(failed, silent));
  const Histogram waited = totals.waited_time.since(noted_.waited_time);
  const auto time = [&](double share) { return static_cast<float>(waited.estimate(share)); };
  return {.end = now,
          .seconds = seconds(now - noted_at_),
          .policy = count(Source::policy),
          .cache = count(Source::cache),
          .stale = count(Source::stale),
          .upstream = answered - bad,
          .failure = silent + bad,
          .waited_p50 = time(0.5),
          .waited_p95 = time(0.95),
          .waited_p99 = time(0.99)};
}

void History::note(const Metrics& totals, Instant now) {
  const HistoryMinute ended = running(totals, now);
  if (ring_.size() < most_minutes)
    ring_.push_back(ended);
  else
    ring_[next_] = ended;
  next_ = (next_ + 1) % most_minutes;
  noted_ = totals;
  noted_at_ = now;
}

std::vector<HistoryMinute> History::minutes(const Metrics& totals, Instant now, std::size_t most) const {
  constexpr Duration a_day = std::chrono::hours(24);
  const std::size_t kept = most == 0 ? 0 : std::min({ring_.size(), most - 1, most_minutes - 1});
  std::vector<HistoryMinute> out;
  out.reserve(kept + 1);
  for (std::size_t back = kept; back > 0; --back) {
    const HistoryMinute& each = ring_[(next_ + most_minutes - back) % most_minutes];
    if (now - each.end < a_day) out.push_back(each);
  }
  if (most > 0) out.push_back(running(totals, now));
  return out;
}

}  // namespace tacet
