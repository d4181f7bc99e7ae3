#include "resolve/prober.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <vector>

#include "support/manual_clock.hpp"

using namespace tacet;

namespace {

Name number(int n) { return Name::from_text(fmt::format("n{}.example", n)).value(); }

/// A prober whose questions are collected, and a clock to turn.
struct Probing {
  ManualClock clock;
  Scheduler scheduler{clock};
  bool busy = false;
  bool needed = true;
  std::vector<Name> asked;
  Prober prober{scheduler, [this] { return busy; },
                [this](const Name& name) {
                  if (needed) asked.push_back(name);
                  return needed;
                }};

  void pass(Duration time) {
    const Instant until = clock.now() + time;
    for (auto next = scheduler.next_timer(); next && *next <= until; next = scheduler.next_timer()) {
      if (*next > clock.now()) clock.advance(*next - clock.now());
      scheduler.run_timers(clock.now());
    }
    clock.advance(until - clock.now());
  }
};

}  // namespace

TEST_CASE("Questions of our own leave one by one, never two in one pace") {
  Probing probing;
  for (int n = 0; n < 10; ++n) probing.prober.want(number(n));
  CHECK(probing.asked.empty());  // not even the first at once
  for (std::size_t asked = 1; asked <= 10; ++asked) {
    probing.pass(Prober::pace);
    CHECK(probing.asked.size() == asked);
  }
  CHECK(probing.asked.front() == number(0));
  CHECK(!probing.scheduler.next_timer());  // no wake-up without work
}

TEST_CASE("They wait for as long as a client does") {
  Probing probing;
  probing.busy = true;
  probing.prober.want(number(1));
  probing.pass(std::chrono::seconds(10));
  CHECK(probing.asked.empty());
  probing.busy = false;
  probing.pass(Prober::pace);
  CHECK(probing.asked.size() == 1);
}

TEST_CASE("In the long run they are a fifth of what clients cause, and without those no timer runs") {
  Probing probing;
  const auto many = static_cast<int>(Prober::burst);
  for (int n = 0; n < many + 100; ++n) probing.prober.want(number(n));
  probing.pass(std::chrono::minutes(1));
  CHECK(probing.asked.size() == many);
  CHECK(!probing.scheduler.next_timer());
  for (int miss = 0; miss < 50; ++miss) probing.prober.earn();
  probing.pass(std::chrono::minutes(1));
  CHECK(probing.asked.size() >= many + 9);
  CHECK(probing.asked.size() <= many + 10);
}

TEST_CASE("A question that proves needless costs nothing") {
  Probing probing;
  probing.needed = false;
  for (int n = 0; n < 200; ++n) probing.prober.want(number(n));
  probing.pass(std::chrono::minutes(1));
  probing.needed = true;
  for (int n = 0; n < 60; ++n) probing.prober.want(number(n));
  probing.pass(std::chrono::minutes(1));
  CHECK(probing.asked.size() == static_cast<std::size_t>(Prober::burst));
}

TEST_CASE("What waits is bounded") {
  Probing probing;
  probing.busy = true;
  for (int n = 0; n < 1000; ++n) probing.prober.want(number(n));
  CHECK(!probing.prober.has_room());
  probing.busy = false;
  for (int miss = 0; miss < 100000; ++miss) probing.prober.earn();
  for (int round = 0; round < 100; ++round) {
    probing.pass(std::chrono::minutes(1));
    for (int miss = 0; miss < 100; ++miss) probing.prober.earn();
  }
  CHECK(probing.asked.size() == Prober::most_waiting);
}

TEST_CASE("What was forgotten is not asked, and what comes later is") {
  Probing probing;
  for (int n = 0; n < 5; ++n) probing.prober.want(number(n));
  probing.prober.forget();
  probing.pass(std::chrono::seconds(1));
  CHECK(probing.asked.empty());
  probing.prober.want(number(7));
  probing.pass(std::chrono::seconds(1));
  CHECK(probing.asked == std::vector{number(7)});
}
