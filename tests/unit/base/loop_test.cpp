#include "base/loop.hpp"

#include <doctest/doctest.h>
#include <sys/socket.h>

#include <string>
#include <thread>

#include "base/descriptor.hpp"
#include "base/task_group.hpp"

using namespace std::chrono_literals;
using namespace tacet;

namespace {

struct Pair {
  Descriptor left, right;
  Pair() {
    int fds[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0);
    left = Descriptor(fds[0]);
    right = Descriptor(fds[1]);
  }
};

/// The machine's clock, and so much ahead of it. The system's timers do not jump along.
struct JumpingClock final : Clock {
  Duration ahead{};
  Instant now() const override { return SystemClock().now() + ahead; }
  Duration asleep() const override { return ahead; }
  WallTime wall_time() const override { return SystemClock().wall_time(); }
};

}  // namespace

TEST_CASE("a watch reports again for as long as something is left to read") {
  const SystemClock clock;
  Loop loop(clock);
  Pair pair;
  REQUIRE(::write(pair.left.get(), "abc", 3) == 3);
  std::string got;
  Watch watch(loop, pair.right.get(), [&](Watch::Ready) {
    char octet = 0;
    if (::read(pair.right.get(), &octet, 1) == 1) got += octet;
    if (got.size() == 3) loop.stop();
  });
  watch.want_read(true);
  loop.run();
  CHECK(got == "abc");
}

TEST_CASE("a turn that takes long is counted, and one in which the machine slept is not") {
  struct Manual final : Clock {
    Instant time = SystemClock().now();
    Duration slept{};
    Instant now() const override { return time; }
    Duration asleep() const override { return slept; }
    WallTime wall_time() const override { return {}; }
  } clock;
  Loop loop(clock);
  for (const Duration took : {Duration(1ms), Duration(7ms), Duration(2ms), Duration(3ms)})
    loop.post([&clock, took] { clock.time += took; });
  loop.post([&] {
    clock.slept += 1h;
    clock.time += 1h;
  });
  loop.post([&] { loop.stop(); });
  loop.run();
  CHECK(loop.turns().slow_ones == 2);
  CHECK(loop.turns().longest == 7ms);
}

TEST_CASE("a watch may be destroyed by its own callback, and its descriptor reused at once") {
  const SystemClock clock;
  Loop loop(clock);
  Pair pair;
  REQUIRE(::write(pair.left.get(), "a", 1) == 1);
  int calls = 0;
  std::optional<Watch> watch;
  std::optional<Watch> second;
  watch.emplace(loop, pair.right.get(), [&](Watch::Ready) {
    ++calls;
    watch.reset();
    second.emplace(loop, pair.right.get(), [&](Watch::Ready) {
      ++calls;
      second.reset();
      loop.stop();
    });
    second->want_read(true);
  });
  watch->want_read(true);
  loop.run();
  CHECK(calls == 2);
}

TEST_CASE("an event of a watch that is gone does not go to the next one") {
  const SystemClock clock;
  Loop loop(clock);
  Pair pairs[2], full;
  const std::string octets(4096, 'x');
  while (::write(full.left.get(), octets.data(), octets.size()) > 0) {
  }
  bool was_told = false;
  std::optional<Watch> watches[2];
  std::optional<Watch> next;
  for (std::size_t each : {0U, 1U}) {
    watches[each].emplace(loop, pairs[each].left.get(), [&, each](Watch::Ready) {
      watches[each].reset();
      watches[1 - each].reset();  // has an event, too; its record is the first to be used again
      next.emplace(loop, full.left.get(), [&](Watch::Ready) { was_told = true; });
      next->want_write(true);
      loop.post([&] { loop.post([&] { loop.stop(); }); });
    });
    watches[each]->want_write(true);
  }
  loop.run();
  CHECK_FALSE(was_told);
}

TEST_CASE("work posted from another thread runs on the loop's thread") {
  const SystemClock clock;
  Loop loop(clock);
  std::thread::id ran_on;
  std::thread other([&] {
    loop.post([&] {
      ran_on = std::this_thread::get_id();
      loop.stop();
    });
  });
  loop.run();
  other.join();
  CHECK(ran_on == std::this_thread::get_id());
}

TEST_CASE("the loop fires alarms in order and keeps those armed from within") {
  const SystemClock clock;
  Loop loop(clock);
  std::string order;
  Alarm last(loop.scheduler(), [&] {
    order += 'c';
    loop.stop();
  });
  Alarm second(loop.scheduler(), [&] {
    order += 'b';
    last.arm(loop.now() + 1ms);
  });
  Alarm first(loop.scheduler(), [&] { order += 'a'; });
  second.arm(loop.now() + 5ms);
  first.arm(loop.now() + 1ms);
  loop.run();
  CHECK(order == "abc");
}

TEST_CASE(
    "after the clock has jumped, as in a suspend, any event gets what is due done, and what comes next is in time") {
  JumpingClock clock;
  Loop loop(clock);
  std::string order;
  Alarm far(loop.scheduler(), [&] { order += 'f'; });
  Alarm soon(loop.scheduler(), [&] {
    order += 's';
    loop.stop();
  });
  far.arm(loop.now() + 1min);  // the system's timer is set for it, and knows nothing of the jump
  loop.post([&] {
    clock.ahead = 1h;
    loop.post([&] { soon.arm(loop.now() + 20ms); });
  });
  const Instant begun = SystemClock().now();
  loop.run();
  CHECK(order == "fs");
  CHECK(SystemClock().now() - begun < 30s);
}

TEST_CASE("what is due waits for no alarm, but comes behind the events that are there already") {
  JumpingClock clock;
  Loop loop(clock);
  std::string order;
  Alarm far(loop.scheduler(), [&] {
    order += 'f';
    loop.stop();
  });
  far.arm(loop.now() + 1min);
  loop.post([&] { clock.ahead = 1h; });
  loop.post([&] { order += 'a'; });
  loop.post([&] { order += 'b'; });
  loop.run();
  CHECK(order == "abf");
}
