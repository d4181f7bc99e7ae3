#include "transport/dial/attempt_pace.hpp"

#include <algorithm>

namespace tacet {
namespace {

/// A link with a round trip of twice this time gets half as many attempts.
constexpr Duration slow = std::chrono::milliseconds(400);

}  // namespace

AttemptPace::AttemptPace(Scheduler& scheduler, const Limits& limits)
    : scheduler_(scheduler),
      limits_(limits),
      spacing_(limits.spacing),
      alarm_(scheduler, [this] { serve(); }),
      begun_(limits.most, never) {}

bool AttemptPace::may_begin(PendingAttempt& attempt, Kind kind) {
  const bool foremost = &attempt == in_turn_ || line_.empty() || (kind == Kind::first && line_.front().kind != kind);
  if (foremost && scheduler_.now() >= next()) return true;
  stand_in_line(attempt, kind);
  return false;
}

void AttemptPace::begun() {
  latest_ = (latest_ + 1) % begun_.size();
  begun_[latest_] = scheduler_.now();
  silent_ = true;
  in_turn_ = nullptr;
  plan();
}

void AttemptPace::connected(Duration took) { spacing_ = limits_.spacing * std::max<Duration::rep>(1, took / slow); }

/// Removes the oldest of the last attempts, which may be another than the answered one: only their number is limited.
void AttemptPace::led_to_answer() {
  for (std::size_t i = 1; i <= begun_.size(); ++i) {
    Instant& begun = begun_[(latest_ + i) % begun_.size()];
    if (begun == never) continue;
    begun = never;
    return plan();
  }
}

void AttemptPace::leave(const PendingAttempt& attempt) {
  std::erase_if(line_, [&attempt](const Place& place) { return place.attempt == &attempt; });
  if (in_turn_ == &attempt) in_turn_ = nullptr;
  plan();
}

void AttemptPace::forget() {
  if (scheduler_.now() - forgot_at_ < usual_spacing) return;
  forgot_at_ = scheduler_.now();
  std::ranges::fill(begun_, never);
  spacing_ = limits_.spacing;
  plan();
}

Instant AttemptPace::next() const {
  const Instant room = begun_[(latest_ + 1) % begun_.size()] + within;
  return silent_ ? std::max(room, begun_[latest_] + spacing_) : room;
}

void AttemptPace::stand_in_line(PendingAttempt& attempt, Kind kind) {
  const auto is_there = [&attempt](const Place& place) { return place.attempt == &attempt; };
  if (std::ranges::none_of(line_, is_there)) {
    const auto behind = std::ranges::find_if(line_, [kind](const Place& place) { return kind < place.kind; });
    line_.insert(behind, {&attempt, kind});
  }
  plan();
}

void AttemptPace::serve() {
  struct Planned {
    AttemptPace& pace;
    ~Planned() {
      pace.in_turn_ = nullptr;
      pace.plan();
    }
  } const planned{*this};  // also after an exception, so that the next in line have their turn
  while (!line_.empty() && scheduler_.now() >= next()) {
    PendingAttempt& attempt = *line_.front().attempt;
    line_.pop_front();
    in_turn_ = &attempt;
    attempt.on_turn();
    in_turn_ = nullptr;
  }
}

void AttemptPace::plan() {
  if (line_.empty()) return alarm_.disarm();
  alarm_.arm(std::max(scheduler_.now(), next()));
}

}  // namespace tacet
