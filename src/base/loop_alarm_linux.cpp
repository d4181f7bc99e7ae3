#include <sys/timerfd.h>
#include <time.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "base/loop_alarm.hpp"
#include "base/shield.hpp"

namespace tacet {
namespace {

/// Asio's own timers and the steady clock stand still while the machine sleeps.
int make_timer() {
  const int timer = ::timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
  if (timer < 0) throw std::system_error(errno, std::generic_category(), "timerfd_create");
  return timer;
}

}  // namespace

struct LoopAlarm::State {
  State(asio::io_context& io, HandlerMemory& of, std::function<void()> what)
      : room(of),
        ring(std::move(what)),
        timer(io, make_timer()) {}

  HandlerMemory& room;
  std::function<void()> ring;
  asio::posix::stream_descriptor timer;
  bool waits = false;

  /// There is room for one wait at a time. Nothing reads the timer when it fires: set() makes it unreadable again.
  bool await() {
    if (waits) return true;
    waits = shielded(false, [this] {
      timer.async_wait(asio::posix::stream_descriptor::wait_read, in(room, [this](const asio::error_code& error) {
                         waits = false;
                         if (!error) ring();
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
  // Relative, because our clock may differ from the machine's. Zero would disarm the timer.
  const Duration ahead = std::max<Duration>(wait, std::chrono::nanoseconds(1));
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(ahead);
  itimerspec when{};
  when.it_value.tv_sec = seconds.count();
  when.it_value.tv_nsec = std::chrono::nanoseconds(ahead - seconds).count();
  return ::timerfd_settime(state_->timer.native_handle(), 0, &when, nullptr) == 0 && state_->await();
}

}  // namespace tacet
