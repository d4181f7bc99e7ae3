#include "pool/hedging.hpp"

#include <algorithm>

namespace tacet {
namespace {

using std::chrono::milliseconds;

constexpr Duration least_delay = milliseconds(10);
/// How long a kernel may delay an acknowledgement, to send an answer along with it (Linux: 40 ms).
constexpr Duration delayed_ack = milliseconds(40);
/// With an empty budget, a copy waits longer by this share of the median.
constexpr double most_extra = 0.6;

/// How late an answer must be: a sixteenth over the median, or up to a quarter where jitter delays many answers more.
Duration lateness(const Latency& times) {
  const Duration typical = times.typical();
  return std::max(least_delay, typical + std::clamp(times.spread(), typical / 16, typical / 4));
}

/// QUIC's streams do not wait for each other: one query may be lost although a later one is answered.
bool keeps_order(const PoolChannel& channel) {
  const auto facts = channel.upstream->state().facts;
  return !facts || facts->transport != Transport::doq;
}

bool knows_its_time(const Latency& times) { return times.count() >= PoolChannel::least_samples_for_guess; }

}  // namespace

/// Scarcity adds to the wait: where jitter delays many answers, copies of those would empty the budget before a query
/// is lost.
Duration Hedging::delay_on(const PoolChannel& channel) const {
  const Latency& times = channel.times();
  const auto extra = std::chrono::duration_cast<Duration>(times.typical() * (most_extra * budget_.scarcity()));
  return lateness(times) + extra;
}

/// If a later query was answered on a connection that keeps their order, this query has arrived too, and its name is
/// only slow upstream.
Hedging::Verdict Hedging::judge(const PoolQuery& query, Instant now) const {
  if (query.first->latest_answered > query.first_number && keeps_order(*query.first)) return Verdict::settled;
  if (query.copied_to != nullptr && !knows_its_time(query.first->times())) return Verdict::settled;
  return seems_lost(query, now) ? Verdict::lost : Verdict::not_yet;
}

/// Data without an acknowledgement is surely lost only after the time that an acknowledgement may take. Before that,
/// the zone's record decides. Without a record, only half of the budget may be spent.
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

/// A name is fast if its answer came before a second copy was due. A name is slow if a query that was sent well after
/// it on the same connection got its answer first, and the connection keeps their order.
void Hedging::learn(const Name& name, const PoolChannel& channel, const Outcome& outcome) {
  const Latency& times = channel.times();
  if (!knows_its_time(times)) return;
  const Duration late = lateness(times);
  const bool fast = outcome.answered && outcome.ended - outcome.sent <= late;
  const bool overtaken = channel.latest_answered_sent - outcome.sent >= 2 * late;
  if (fast || (overtaken && keeps_order(channel))) zones_.note(name, fast, outcome.ended);
}

}  // namespace tacet
