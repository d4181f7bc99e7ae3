#include "pool/hedging.hpp"

#include <algorithm>

namespace tacet {
namespace {

using std::chrono::milliseconds;

constexpr Duration least_delay = milliseconds(10);
/// A kernel may leave what it received unacknowledged for so long, to send an answer along (Linux: 40 ms).
constexpr Duration delayed_ack = milliseconds(40);
/// With nothing left to spend an answer is late only so much of the usual time later.
constexpr double most_thrift = 0.6;

/// When an answer is late: a sixteenth over the median, up to a quarter where jitter moves many by more than that.
Duration lateness(const Latency& times) {
  const Duration typical = times.typical();
  return std::max(least_delay, typical + std::clamp(times.spread(), typical / 16, typical / 4));
}

bool knows_its_time(const Latency& times) { return times.count() >= PoolChannel::least_samples_for_guess; }

}  // namespace

/// Where jitter makes many answers late, the budget would go on those, and be gone when a query is lost.
Duration Hedging::delay_on(const PoolChannel& channel) const {
  const Latency& times = channel.times();
  const auto thrift = std::chrono::duration_cast<Duration>(times.typical() * (most_thrift * budget_.scarcity()));
  return lateness(times) + thrift;
}

/// A later query already answered on the first channel says that this name is merely slow upstream.
Hedging::Verdict Hedging::judge(const PoolQuery& query, Instant now) const {
  if (query.first->latest_answered > query.first_number) return Verdict::settled;
  if (query.copied_to != nullptr && !knows_its_time(query.first->times())) return Verdict::settled;
  return seems_lost(query, now) ? Verdict::lost : Verdict::not_yet;
}

/// What the kernel holds unacknowledged is lost for sure only after the time that an acknowledgement may take; before
/// that, what is known of the zone decides; where nothing is known of it, only half of the budget may go.
bool Hedging::seems_lost(const PoolQuery& query, Instant now) const {
  const Latency& times = query.first->times();
  const bool held_up = query.first->upstream->held_up(), knows = knows_its_time(times);
  if (held_up && knows && now - query.plan.begun() >= times.typical() + delayed_ack) return true;
  switch (zones_.of(query.message.question().name, now)) {
    case SlowZones::Pace::slow:
      return false;
    case SlowZones::Pace::fast:
      return held_up || knows;
    case SlowZones::Pace::unknown:
      break;
  }
  return (held_up || knows) && budget_.plenty();
}

/// Fast is what came before a second copy would have been due; slow what a query sent well after it has overtaken, on
/// the same connection.
void Hedging::learn(const Name& name, const PoolChannel& channel, const Outcome& outcome) {
  const Latency& times = channel.times();
  if (!knows_its_time(times)) return;
  const Duration late = lateness(times);
  const bool fast = outcome.answered && outcome.ended - outcome.sent <= late;
  if (fast || channel.latest_answered_sent - outcome.sent >= 2 * late) zones_.note(name, fast, outcome.ended);
}

}  // namespace tacet
