#include <doctest/doctest.h>
#include <sys/socket.h>

#include <memory>
#include <new>
#include <string>
#include <thread>
#include <vector>

#include "base/descriptor.hpp"
#include "base/loop.hpp"
#include "base/task_group.hpp"
#include "support/manual_clock.hpp"

// What goes on when something ends by an exception, as everything does that needs memory when there is none.

using namespace std::chrono_literals;
using namespace tacet;

namespace {

Task<void> throws_after(OneShot<int>& shot) {
  co_await shot.wait(Instant::max());
  throw std::bad_alloc();
}

Task<void> note_after(OneShot<int>& shot, std::string& notes) {
  co_await shot.wait(Instant::max());
  notes += 'n';
}

}  // namespace

TEST_CASE("a task that throws when it is resumed ends alone, and those behind it go on") {
  ManualClock clock;
  Scheduler scheduler(clock);
  TaskGroup tasks;
  OneShot<int> first(scheduler), second(scheduler);
  std::string notes;
  tasks.spawn(throws_after(first));
  tasks.spawn(note_after(second, notes));
  first.deliver(1);
  second.deliver(2);
  scheduler.run_ready();
  CHECK(notes == "n");
  CHECK(tasks.size() == 0);
  CHECK(tasks.escaped_exceptions() == 1);
}

TEST_CASE("an alarm that throws is not lost with those that are due with it, and can be armed again") {
  ManualClock clock;
  Scheduler scheduler(clock);
  std::string rung;
  bool scarce = true;
  Alarm first(scheduler, [&] {
    if (scarce) throw std::bad_alloc();
    rung += 'a';
  });
  Alarm second(scheduler, [&] { rung += 'b'; });
  first.arm(clock.now() + 1s);
  second.arm(clock.now() + 1s);
  clock.advance(1s);
  CHECK_THROWS_AS(scheduler.run_timers(clock.now()), std::bad_alloc);
  REQUIRE(scheduler.next_timer());
  scheduler.run_timers(clock.now());
  CHECK(rung == "b");
  scarce = false;
  first.arm(clock.now());
  scheduler.run_timers(clock.now());
  CHECK(rung == "ba");
}

TEST_CASE("timers have their places from the start: none moves when it is armed, however many there are") {
  ManualClock clock;
  Scheduler scheduler(clock);
  int rung = 0;
  std::vector<std::unique_ptr<Alarm>> alarms;
  for (int i = 0; i < 1000; ++i) {
    alarms.push_back(std::make_unique<Alarm>(scheduler, [&] { ++rung; }));
    if (i % 3 == 0) alarms.erase(alarms.begin());
  }
  for (const auto& alarm : alarms) alarm->arm(clock.now());
  scheduler.run_timers(clock.now());
  CHECK(rung == static_cast<int>(alarms.size()));
}

TEST_CASE("the loop survives every kind of event that throws") {
  const SystemClock clock;
  Loop loop(clock);
  std::string events;
  Alarm alarm(loop.scheduler(), [&] {
    events += 'a';
    throw std::bad_alloc();
  });
  AsyncCall async_call(loop, [&] {
    events += 'e';
    throw std::bad_alloc();
  });
  Alarm end(loop.scheduler(), [&] { loop.stop(); });
  loop.post([&] {
    events += 'p';
    throw std::bad_alloc();
  });
  async_call.post();
  alarm.arm(loop.now() + 2ms);
  end.arm(loop.now() + 20ms);
  loop.run();
  CHECK(events == "pea");
}

TEST_CASE("a watch whose callback throws rests for a moment instead of spinning, and then goes on") {
  const SystemClock clock;
  Loop loop(clock);
  int fds[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0);
  const Descriptor left(fds[0]), right(fds[1]);
  REQUIRE(::write(left.get(), "a", 1) == 1);
  int calls = 0;
  Watch watch(loop, right.get(), [&](Watch::Ready) {
    if (++calls < 3) throw std::bad_alloc();  // with the octet still unread
    loop.stop();
  });
  watch.want_read(true);
  const Instant began = clock.now();
  loop.run();
  CHECK(calls == 3);
  CHECK(clock.now() - began >= 200ms);
}

TEST_CASE("an async_call is run once for all that was posted before, and not after its end") {
  const SystemClock clock;
  Loop loop(clock);
  int runs = 0, gone_runs = 0;
  AsyncCall async_call(loop, [&] {
    if (++runs == 2) loop.stop();
  });
  auto gone = std::make_unique<AsyncCall>(loop, [&] { ++gone_runs; });
  gone->post();
  gone.reset();
  async_call.post();
  async_call.post();
  std::thread other([&] { async_call.post(); });
  other.join();
  loop.post([&] { async_call.post(); });
  loop.run();
  CHECK(runs == 2);
  CHECK(gone_runs == 0);
}
