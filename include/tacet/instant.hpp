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

/// A moment. It is an argument everywhere; only base/clock reads it.
using Instant = BootTime::time_point;

/// A time of day as the machine believes it (UTC), for dates: signatures, certificates, lines for people. It may jump,
/// so nothing waits for one. It is an argument everywhere; only base/clock reads it.
using WallTime = std::chrono::sys_time<Duration>;

}  // namespace tacet
