#include "pool/exchange_plan.hpp"

#include <algorithm>
#include <utility>

namespace tacet {
namespace {

Duration at_least(Duration usually, Duration needed) {
  return std::max(usually, std::min<Duration>(needed, ExchangePlan::most_patience));
}

}  // namespace

// A silent server is given up sooner, but only for one of the same operator: another operator would learn the name.
ExchangePlan::ExchangePlan(const Start& start)
    : begun_(start.begun),
      deadline_(start.deadline),
      hedge_at_(start.begun + start.hedge_delay),
      hedge_delay_(start.hedge_delay),
      warm_(at_least(warm_patience, start.usual * 2)),
      cold_(at_least(cold_patience, start.usual * 3)),
      servers_(start.servers),
      may_look_(start.warm && start.same_operator) {
  const Duration silent = at_least(silent_patience, start.usual * 3 / 2);
  patience_ = begun_ + (may_look_ ? silent : start.warm ? warm_ : cold_);
}

ExchangePlan::Step ExchangePlan::next(Event event, Instant now) {
  switch (event) {
    case Event::answered:
      return {Action::finish};
    case Event::all_failed:
      return now >= deadline_ || asked_ >= servers_ ? Step{Action::finish} : ask_elsewhere();
    case Event::woken:
      return at(now);
    case Event::silent:
      return ask_elsewhere();
    case Event::heard:
      patience_ = begun_ + warm_;
      break;
    case Event::asked:
      patience_ = now + cold_;
      break;
    case Event::nobody_left:
      break;
    case Event::copied:  // the first copy may be lost as well; a second copy has no successor
      hedge_at_ = std::exchange(copied_, true) ? Instant::max() : now + hedge_delay_;
      break;
    case Event::not_copied:  // a loss may show only later: look again, at growing intervals
      if (!copied_) hedge_delay_ *= 2;
      hedge_at_ = now + hedge_delay_;
      break;
    case Event::settled:
      hedge_at_ = Instant::max();
      break;
  }
  return wait();
}

ExchangePlan::Step ExchangePlan::at(Instant now) {
  if (now >= deadline_) return {Action::finish};
  if (now >= patience_) return std::exchange(may_look_, false) ? Step{Action::look} : ask_elsewhere();
  return now >= hedge_at_ ? Step{Action::hedge} : wait();
}

/// Each server gets one attempt. Then the last server's other channel gets one: an open connection may acknowledge
/// everything and still answer nothing.
ExchangePlan::Step ExchangePlan::ask_elsewhere() {
  patience_ = Instant::max();
  if (asked_ > servers_) return wait();
  const std::uint32_t place = asked_++;
  return place < servers_ ? Step{Action::next_server, place} : Step{Action::other_channel};
}

ExchangePlan::Step ExchangePlan::wait() const { return {Action::wait, 0, std::min({deadline_, patience_, hedge_at_})}; }

}  // namespace tacet
