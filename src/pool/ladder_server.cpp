#include "pool/ladder_server.hpp"

#include <algorithm>
#include <utility>

namespace tacet {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr unsigned enough_strikes = 2;
/// Failures that are further apart have nothing to do with each other.
constexpr Duration together = seconds(30);
/// So long after the first failure the operator's other servers have had their turn.
constexpr Duration long_blocked = milliseconds(900);
constexpr Duration control_again = seconds(10), proxy_out_of_order = seconds(10);
constexpr Duration least_rest = seconds(30), most_rest = minutes(10);
/// After a false alarm.
constexpr Duration short_rest = seconds(2);

bool came_up(GreetingOutcome outcome) {
  return outcome == GreetingOutcome::reset || outcome == GreetingOutcome::silent;
}
bool stayed_down(GreetingOutcome outcome) {
  return outcome == GreetingOutcome::dropped || outcome == GreetingOutcome::closed;
}

}  // namespace

void LadderServer::saw(Rung way, GreetingOutcome outcome, Instant connected, Instant now) {
  const auto found = std::ranges::find(ways_, way);
  if (found == ways_.end()) return;
  const auto place = static_cast<std::size_t>(found - ways_.begin());
  if (outcome == GreetingOutcome::greeted) return greeted(place, now);
  if (place != trial_) return;  // a connection by a former way
  last_ = outcome;
  if (on_trial()) return failed_on_trial(outcome, now);
  failed(outcome, connected, now);
}

void LadderServer::greeted(std::size_t place, Instant now) {
  last_ = GreetingOutcome::greeted;
  greeted_at_ = now;
  worked_by_ = place;
  if (on_trial() && place == trial_) {
    if (!std::exchange(serves_, true)) look_at_ = now;
    strikes_ = 0;
    return;
  }
  if (on_trial()) return come_down(now);  // it was slow, not blocked
  if (place == 0) {
    sign_.reset();
    advice_.reset();
    if (std::exchange(is_checked_, false)) has_news_ = true;
  }
  vain_ = strikes_ = drops_ = 0;
}

void LadderServer::failed(GreetingOutcome outcome, Instant connected, Instant now) {
  if (proven_ == 0) sign_ = outcome;
  if (!came_up(outcome)) {
    // The proxy may be gone because the network blocks nothing any more.
    if (proven() == Rung::proxy) look_at_ = std::min(look_at_, std::max(now, retried_at_ + proxy_out_of_order));
    drops_ = outcome == GreetingOutcome::dropped ? drops_ + 1 : 0;
    if (outcome == GreetingOutcome::refused) strikes_ = 0;  // nothing was held back
    return;
  }
  if (strikes_ > 0 && now - last_strike_ > together) strikes_ = 0;
  if (strikes_ > 0 && connected <= last_strike_) return;  // both were under way when something happened
  if (strikes_++ == 0) first_strike_ = now;
  last_strike_ = now;
}

void LadderServer::failed_on_trial(GreetingOutcome outcome, Instant now) {
  if (serves_ && ++strikes_ < enough_strikes) return;
  if (stayed_down(outcome) && ways_[trial_] != Rung::proxy && !serves_) return come_down(now);  // the network is down
  climb(now);
}

bool LadderServer::looks_blocked(Instant now) const {
  if (on_trial() || now < rests_until_ || !last_ || works()) return false;
  if (stayed_down(*last_)) return ways_.back() == Rung::proxy && proven() != Rung::proxy;
  return strikes_ >= enough_strikes;
}

bool LadderServer::looks_blocked_long(Instant now) const {
  return looks_blocked(now) && (stayed_down(*last_) || now - first_strike_ >= long_blocked);
}

/// Only a proxy helps where no TCP connection comes up.
std::optional<std::size_t> LadderServer::next_way() const {
  std::size_t next = trial_ + 1;
  if (last_ && stayed_down(*last_)) next = std::max(next, ways_.size() - 1);
  return next < ways_.size() ? std::optional(next) : std::nullopt;
}

void LadderServer::climb(Instant now) {
  const auto next = next_way();
  if (!next) return give_up(now);
  trial_ = *next;
  serves_ = false;
  look_at_ = asks_only_ ? now : Instant::max();
  strikes_ = 0;
}

/// No way is left. Forgets a proven way that no longer works, and begins with the first way again.
void LadderServer::give_up(Instant now) {
  const Duration rest = std::min<Duration>(most_rest, least_rest * (1U << std::min(vain_, 5U)));
  if (proven_ == 0) {
    ++vain_;
    rests_until_ = now + rest;
  } else {
    has_news_ = true;
  }
  proven_ = trial_ = 0;
  serves_ = false;
  look_at_ = Instant::max();
  strikes_ = 0;
}

void LadderServer::come_down(Instant now) {
  trial_ = proven_;
  serves_ = false;
  look_at_ = proven_ > 0 ? now + retry_interval : Instant::max();
  rests_until_ = now + short_rest;
  strikes_ = 0;
}

void LadderServer::begin(const std::optional<KnownWay>& known) {
  const LadderMode mode = asks_only_ ? LadderMode::ask_only : LadderMode::on;
  std::vector<Rung> ways = std::move(ways_);
  *this = LadderServer(std::move(ways), mode);
  if (!known || asks_only_) return;
  const auto place = std::ranges::find(ways_, known->way);
  is_checked_ = known->way == Rung::other_transport;
  if (!is_checked_ && (place == ways_.end() || place == ways_.begin())) return;
  sign_ = known->sign;
  if (is_checked_) return;
  proven_ = trial_ = static_cast<std::size_t>(place - ways_.begin());
  look_at_ = known->retry;
}

std::optional<GreetingOutcome> LadderServer::block() const {
  return proven_ > 0 || advice_ || is_checked_ ? sign_ : std::nullopt;
}

void LadderServer::is_blocked_by(GreetingOutcome outcome) {
  if (on_trial() || proven_ > 0) return;
  has_news_ = !std::exchange(is_checked_, true);
  sign_ = outcome;
}

void LadderServer::forget_block() {
  if (on_trial() || proven_ > 0) return;
  is_checked_ = false;
  sign_.reset();
  strikes_ = drops_ = 0;
}

std::optional<LadderLook> LadderServer::look(Instant now) {
  using enum LadderLook::Purpose;
  if (now < look_at_) return std::nullopt;
  look_at_ = Instant::max();
  if (on_trial() && !serves_) return LadderLook{trial, ways_[trial_]};
  if (on_trial()) return LadderLook{control, proven()};
  retried_at_ = now;
  return LadderLook{retry, ways_[proven_ - 1]};
}

void LadderServer::looked(const LadderLook& look, GreetingOutcome outcome, Instant now) {
  switch (look.purpose) {
    case LadderLook::Purpose::trial:
      return saw(look.way, outcome, now, now);
    case LadderLook::Purpose::control:
      return controlled(outcome, now);
    case LadderLook::Purpose::retry:
      return retried(outcome, now);
    case LadderLook::Purpose::check:  // these two are about the whole operator
    case LadderLook::Purpose::witness:
      return;
  }
}

void LadderServer::controlled(GreetingOutcome outcome, Instant now) {
  if (!on_trial() || !serves_) return;
  if (outcome == GreetingOutcome::greeted) return come_down(now);
  const bool network_is_up = !stayed_down(outcome) || ways_[trial_] == Rung::proxy;
  if (!network_is_up) {
    look_at_ = now + control_again;
    return;
  }
  sign_ = outcome;
  prove(now);
}

void LadderServer::prove(Instant now) {
  has_news_ = true;
  vain_ = 0;
  if (asks_only_) {
    advice_ = ways_[trial_];
    come_down(now);
    rests_until_ = now + retry_interval;
    return;
  }
  proven_ = trial_;
  serves_ = false;
  look_at_ = now + retry_interval;
}

void LadderServer::retried(GreetingOutcome outcome, Instant now) {
  if (on_trial() || proven_ == 0) return;
  look_at_ = now + retry_interval;
  if (outcome != GreetingOutcome::greeted) return;
  trial_ = worked_by_ = --proven_;
  last_ = GreetingOutcome::greeted;
  has_news_ = true;
  look_at_ = now + control_again;
  if (proven_ > 0) return;
  sign_.reset();
  look_at_ = Instant::max();
}

}  // namespace tacet
