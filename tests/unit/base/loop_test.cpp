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
