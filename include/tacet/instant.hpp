#pragma once
#include <chrono>

namespace tacet {

using Duration = std::chrono::nanoseconds;

/// Names the time scale of this program: time since boot, counting the time the machine was asleep, so
/// that a TTL and a deadline pass during a suspend as well. It has no now(): base/clock reads the time.
struct BootTime {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<BootTime, Duration>;
  static constexpr bool is_steady = true;
};

/// A moment; an argument everywhere, read only by base/clock.
using Instant = BootTime::time_point;

/// A time of day as the machine believes it (UTC), for what the world dates: signatures, certificates, lines that
/// people read. It may jump, so nothing waits for one. An argument everywhere, read only by base/clock.
using WallTime = std::chrono::sys_time<Duration>;

}  // namespace tacet
