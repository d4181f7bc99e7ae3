#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <cstdint>
#include <limits>
#include <utility>

#include "base/descriptor.hpp"
#include "base/log.hpp"
#include "system/clock_watch.hpp"

namespace tacet {

/// A timer of the time of day that never fires by itself. The kernel cancels it when somebody sets the clock.
struct ClockWatch::State {
  State(Loop& loop, std::function<void()> what)
      : on_set(std::move(what)),
        timer(::timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC)) {
    if (!timer || !arm()) {
      log::warn("the system does not tell when its clock is set");
      return;
    }
    watch = std::make_unique<Watch>(loop, timer.get(), [this](Watch::Ready) {
      std::uint64_t count = 0;
      [[maybe_unused]] const auto cancelled = ::read(timer.get(), &count, sizeof count);
      arm();
      on_set();
    });
    watch->want_read(true);
  }

  bool arm() const {
    itimerspec never{};
    never.it_value.tv_sec = std::numeric_limits<std::int64_t>::max() / 1000000000 / 2;
    return ::timerfd_settime(timer.get(), TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, nullptr) == 0;
  }

  std::function<void()> on_set;
  Descriptor timer;
  std::unique_ptr<Watch> watch;  // last: it goes before the descriptor
};

ClockWatch::ClockWatch(Loop& loop, std::function<void()> on_set)
    : state_(std::make_unique<State>(loop, std::move(on_set))) {}
ClockWatch::~ClockWatch() = default;

}  // namespace tacet
