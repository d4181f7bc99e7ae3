#include "base/clock.hpp"

#include <doctest/doctest.h>

#include "support/manual_clock.hpp"

using namespace tacet;
using namespace std::chrono_literals;

TEST_CASE("The machine's time of day is that of the system, and its other time is no time of day") {
  const SystemClock clock;
  const WallTime before = std::chrono::system_clock::now();
  const WallTime told = clock.wall_time();
  const WallTime after = std::chrono::system_clock::now();
  CHECK(told >= before);
  CHECK(told < after + 1us);
  CHECK(clock.now().time_since_epoch() < told.time_since_epoch());
}

TEST_CASE("A test sets the time of day, and nothing else moves; what else passes, passes for it too") {
  ManualClock clock;
  const Instant now = clock.now();
  const WallTime expiry = std::chrono::sys_days(std::chrono::March / 1 / 2031);
  clock.set_wall_time(expiry - 1s);
  CHECK(clock.now() == now);
  CHECK(clock.asleep() == 0s);
  clock.sleep(1s);
  CHECK(clock.wall_time() == expiry);
  CHECK(clock.now() == now + 1s);
}
