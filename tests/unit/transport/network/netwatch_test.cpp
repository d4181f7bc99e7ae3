#include "transport/network/netwatch.hpp"

#include <doctest/doctest.h>

#include "support/manual_clock.hpp"

using namespace std::chrono_literals;
using namespace tacet;

TEST_CASE("a burst of events is told once, a while after its first") {
  ManualClock clock;
  Scheduler scheduler(clock);
  int told = 0;
  Burst burst(scheduler, 100ms, [&] { ++told; });
  for (int event = 0; event < 9; ++event) {
    burst.add();
    clock.advance(10ms);
    scheduler.run_timers(clock.now());
  }
  CHECK(told == 0);
  clock.advance(10ms);
  scheduler.run_timers(clock.now());
  CHECK(told == 1);
  burst.add();
  clock.advance(100ms);
  scheduler.run_timers(clock.now());
  CHECK(told == 2);
}

TEST_CASE("a network watch can be made and destroyed on a running loop") {
  const SystemClock clock;
  Loop loop(clock);
  bool changed = false;
  auto watch = std::make_unique<NetWatch>(loop, [&] { changed = true; });
  loop.post([&] {
    watch.reset();
    loop.stop();
  });
  loop.run();
  CHECK_FALSE(changed);
}
