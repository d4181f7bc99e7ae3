#include "base/clock.hpp"

#include <time.h>

namespace tacet {
namespace {

#ifdef CLOCK_BOOTTIME
constexpr clockid_t boot_clock = CLOCK_BOOTTIME;
#else
constexpr clockid_t boot_clock = CLOCK_MONOTONIC;  // macOS: counts suspended time by itself
#endif
#ifdef CLOCK_UPTIME_RAW
constexpr clockid_t awake_clock = CLOCK_UPTIME_RAW;
#else
constexpr clockid_t awake_clock = CLOCK_MONOTONIC;
#endif

Duration read(clockid_t which) {
  timespec time{};
  clock_gettime(which, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

}  // namespace

Instant SystemClock::now() const { return Instant(read(boot_clock)); }

WallTime SystemClock::wall_time() const { return WallTime(read(CLOCK_REALTIME)); }

Duration SystemClock::asleep() const { return read(boot_clock) - read(awake_clock); }

}  // namespace tacet
