#include "transport/dial/attempt_pace.hpp"

#include <algorithm>

namespace tacet {

AttemptPace::AttemptPace(Scheduler& scheduler) : scheduler_(scheduler), alarm_(scheduler, [this] { serve(); }) {
  begun_.fill(never);
}

bool AttemptPace::may_begin(PendingAttempt& who, Kind kind) {
  const bool foremost = &who == in_turn_ || line_.empty() || (kind == Kind::first && line_.front().kind != kind);
  if (foremost && scheduler_.now() >= next()) return true;
  stand_in_line(who, kind);
  return false;
}

void AttemptPace::begun() {
  latest_ = (latest_ + 1) % most;
  begun_[latest_] = scheduler_.now();
  silent_ = true;
  in_turn_ = nullptr;
  plan();
}

/// The oldest of the last attempts counts no more, be it the one that was meant: what is limited is their number.
void AttemptPace::led_to_answer() {
  for (std::size_t i = 1; i <= most; ++i) {
    Instant& begun = begun_[(latest_ + i) % most];
    if (begun == never) continue;
    begun = never;
    return plan();
  }
}

void AttemptPace::leave(const PendingAttempt& who) {
  std::erase_if(line_, [&who](const Place& place) { return place.who == &who; });
  if (in_turn_ == &who) in_turn_ = nullptr;
  plan();
}

void AttemptPace::forget() {
  if (scheduler_.now() - forgot_at_ < spacing) return;
  forgot_at_ = scheduler_.now();
  begun_.fill(never);
  plan();
}

Instant AttemptPace::next() const {
  const Instant room = begun_[(latest_ + 1) % most] + within;
  return silent_ ? std::max(room, begun_[latest_] + spacing) : room;
}

void AttemptPace::stand_in_line(PendingAttempt& who, Kind kind) {
  const auto is_there = [&who](const Place& place) { return place.who == &who; };
  if (std::ranges::none_of(line_, is_there)) {
    const auto behind = std::ranges::find_if(line_, [kind](const Place& place) { return kind < place.kind; });
    line_.insert(behind, {&who, kind});
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
  } const planned{*this};  // also when one ends by an exception, for the sake of those behind it
  while (!line_.empty() && scheduler_.now() >= next()) {
    PendingAttempt& who = *line_.front().who;
    line_.pop_front();
    in_turn_ = &who;
    who.on_turn();
    in_turn_ = nullptr;
  }
}

void AttemptPace::plan() {
  if (line_.empty()) return alarm_.disarm();
  alarm_.arm(std::max(scheduler_.now(), next()));
}

}  // namespace tacet
