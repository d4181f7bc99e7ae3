#include <algorithm>
#include <utility>

#include "base/loop_alarm.hpp"
#include "base/shield.hpp"

namespace tacet {

/// Uses the steady clock, which may stand still while the machine sleeps. Then the alarm is late by that time, unless
/// another event wakes the loop, which then sets it anew.
struct LoopAlarm::State {
  State(asio::io_context& io, HandlerMemory& of, std::function<void()> what)
      : room(of),
        ring(std::move(what)),
        timer(io) {}

  HandlerMemory& room;
  std::function<void()> ring;
  asio::steady_timer timer;
  bool waits = false;
  bool set_again = false;  // set() was called during a wait, and so ended it

  /// There is room for one wait at a time. A wait that was ended starts the next one in its handler.
  bool await() {
    if (waits) return set_again = true;
    set_again = false;
    waits = shielded(false, [this] {
      timer.async_wait(in(room, [this](const asio::error_code& error) {
        waits = false;
        if (!error) ring();
        if (set_again && !waits) await();
      }));
      return true;
    });
    return waits;
  }
};

LoopAlarm::LoopAlarm(asio::io_context& io, HandlerMemory& room, std::function<void()> ring)
    : state_(std::make_unique<State>(io, room, std::move(ring))) {}

LoopAlarm::~LoopAlarm() = default;

bool LoopAlarm::set(Duration wait) {
  state_->timer.expires_after(std::max(Duration::zero(), wait));
  return state_->await();
}

}  // namespace tacet
