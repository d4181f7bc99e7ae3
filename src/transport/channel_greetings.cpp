#include <algorithm>
#include <utility>

#include "transport/channel_link.hpp"

/// What a Channel tells of the beginnings of its connections, and how it follows the server to another way.
namespace tacet {
namespace {

/// A race goes on as long as clients ask, and another way that is out of order now may work later.
constexpr Duration tell_interval = std::chrono::seconds(10);

}  // namespace

void Channel::tell(Link& link, GreetingOutcome showed) {
  if (showed != GreetingOutcome::greeted && std::exchange(link.is_told, true)) return;
  server_.saw({link.way, showed, link.opened, link.address.address()});
}

void Channel::tell_unreachable(GreetingOutcome showed) {
  if (current_ || now() < tells_again_) return;
  tells_again_ = now() + tell_interval;
  server_.saw({server_.path()->rung, showed, now(), {}});
}

/// True if connections are to go another way than before. Each way gives the queries new tries.
bool Channel::has_moved() {
  if (std::exchange(way_, server_.path()->rung) == way_) return false;
  for (auto& [tag, call] : calls_) call->suspicions = 0;
  return true;
}

/// Connects by the new way. The old connection stays until it counts as silent: its greeting may only be late.
void Channel::dial_afresh() {
  if (fresh_ && !fresh_->is_established) retire(fresh_);
  connector_.stop();
  if (!calls_.empty() && !(current_ && current_->is_established)) demand_connection();
}

void Channel::watch_greetings() {
  Instant next = Instant::max();
  for (const Link* link : {current_.get(), fresh_.get()})
    if (link != nullptr) next = std::min(next, link->greeting_due());
  if (next == Instant::max()) return greeting_.disarm();
  greeting_.arm(next);
}

void Channel::on_late_greeting() {
  for (Link* link : {current_.get(), fresh_.get()})
    if (link != nullptr && now() >= link->greeting_due()) tell(*link, GreetingOutcome::silent);
  if (has_moved())
    dial_afresh();
  else if (!calls_.empty() && current_ && !current_->is_established && !fresh_)
    demand_connection();
  watch_greetings();
}

}  // namespace tacet
