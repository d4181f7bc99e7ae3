#include "base/scheduler.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <random>
#include <stdexcept>
#include <string>

#include "base/task_group.hpp"
#include "support/manual_clock.hpp"

using namespace std::chrono_literals;
using namespace tacet;

namespace {

Task<int> doubled(OneShot<int>& shot, Instant until) {
  const std::optional<int> value = co_await shot.wait(until);
  co_return value ? *value * 2 : -1;
}

Task<void> store(Task<int> from, int& to) { to = co_await std::move(from); }

Task<void> throws() {
  throw std::runtime_error("oops");
  co_return;
}

struct Witness {
  int& destroyed;
  ~Witness() { ++destroyed; }
};

Task<void> hold(OneShot<int>& shot, int& destroyed) {
  const Witness witness{destroyed};
  co_await shot.wait(Instant::max());
}

}  // namespace

TEST_CASE("Inside a turn the time is that of its beginning, outside what the clock says") {
  ManualClock clock;
  Scheduler scheduler(clock);
  const Instant begun = clock.now();
  {
    const Scheduler::Turn turn(scheduler);
    clock.advance(5ms);
    CHECK(scheduler.now() == begun);
    CHECK(scheduler.clock().now() == begun + 5ms);
  }
  CHECK(scheduler.now() == begun + 5ms);
}

TEST_CASE("a delivered value reaches the waiter at the next run, not inside the delivery") {
  ManualClock clock;
  Scheduler scheduler(clock);
  TaskGroup tasks;
  OneShot<int> shot(scheduler);
  int result = 0;
  tasks.spawn(store(doubled(shot, clock.now() + 1s), result));
  CHECK(shot.deliver(21));
  CHECK(result == 0);
  scheduler.run_ready();
  CHECK(result == 42);
  CHECK(tasks.size() == 0);
  CHECK_FALSE(scheduler.next_timer());
  CHECK_FALSE(shot.deliver(1));
}

TEST_CASE("a value that is there before the wait is taken at once") {
  ManualClock clock;
  Scheduler scheduler(clock);
  TaskGroup tasks;
  OneShot<int> shot(scheduler);
  shot.deliver(4);
  int result = 0;
  tasks.spawn(store(doubled(shot, clock.now() + 1s), result));
  CHECK(result == 8);
}

TEST_CASE("a wait ends when its time has come") {
  ManualClock clock;
  Scheduler scheduler(clock);
  TaskGroup tasks;
  OneShot<int> shot(scheduler);
  int result = 0;
  tasks.spawn(store(doubled(shot, clock.now() + 1s), result));
  clock.advance(999ms);
  scheduler.run_timers(clock.now());
  CHECK(result == 0);
  clock.advance(1ms);
  scheduler.run_timers(clock.now());
  CHECK(result == -1);
  CHECK_FALSE(shot.deliver(1));
}

TEST_CASE("cancelling a group destroys what its tasks hold, and a late delivery wakes nobody") {
  ManualClock clock;
  Scheduler scheduler(clock);
  OneShot<int> first(scheduler), second(scheduler);
  int destroyed = 0;
  {
    TaskGroup tasks;
    tasks.spawn(hold(first, destroyed));
    tasks.spawn(hold(second, destroyed));
    CHECK(tasks.size() == 2);
    second.deliver(1);  // ready, but not yet resumed
    tasks.cancel();
    CHECK(destroyed == 2);
    CHECK(tasks.size() == 0);
  }
}

TEST_CASE("an exception that leaves a task is counted and ends only that task") {
  TaskGroup tasks;
  tasks.spawn(throws());
  CHECK(tasks.escaped_exceptions() == 1);
  CHECK(tasks.size() == 0);
}

TEST_CASE("timers fire in the order of their times, whatever was armed and disarmed between") {
  ManualClock clock;
  Scheduler scheduler(clock);
  std::mt19937 random(7);
  std::vector<Instant> fired;
  struct Recorder final : Timer {
    Recorder(Scheduler& scheduler, std::vector<Instant>& out) : Timer(scheduler), fired(out) {}
    void expire() override { fired.push_back(when); }
    std::vector<Instant>& fired;
    Instant when{};
  };
  std::vector<std::unique_ptr<Recorder>> timers;
  std::size_t expected = 0;
  for (int i = 0; i < 1000; ++i) {
    timers.push_back(std::make_unique<Recorder>(scheduler, fired));
    timers.back()->when = clock.now() + std::chrono::milliseconds(random() % 500);
    timers.back()->arm(timers.back()->when);
  }
  for (std::size_t i = 0; i < timers.size(); ++i) {
    if (random() % 3 == 0) timers[i]->disarm();
    if (random() % 7 == 0) timers[i].reset();
    if (timers[i] && timers[i]->armed()) ++expected;
  }
  clock.advance(1s);
  scheduler.run_timers(clock.now());
  CHECK(fired.size() == expected);
  CHECK(std::is_sorted(fired.begin(), fired.end()));
}
