#include "listen/awaited_keys.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <string>

#include "base/task_group.hpp"
#include "support/manual_clock.hpp"

using namespace tacet;
using namespace std::chrono_literals;

namespace {

Name name(std::string_view text) { return Name::from_text(text).value(); }

/// Addresses that wait in tasks of their own, and the names of those that wait no longer.
struct Addresses {
  ManualClock clock;
  Scheduler scheduler{clock};
  AwaitedKeys keys;
  std::string gone;
  TaskGroup tasks;

  void wait(std::string_view text) { tasks.spawn(wait_for(name(text))); }
  Task<void> wait_for(Name of) {
    AwaitedKeys::Hold hold(keys, of, scheduler);
    co_await hold.wait(clock.now() + AwaitedKeys::patience);
    gone += of.to_string();
  }
  void pass(Duration time) {
    clock.advance(time);
    scheduler.run_timers(clock.now());
  }
};

}  // namespace

TEST_CASE("Addresses wait until no question for the key of their name is left, whatever the case of its letters") {
  Addresses all;
  std::optional<AwaitedKeys::KeyQuestion> first(std::in_place, all.keys, name("www.Example.com"));
  std::optional<AwaitedKeys::KeyQuestion> second(std::in_place, all.keys, name("WWW.example.com"));
  const AwaitedKeys::KeyQuestion other(all.keys, name("example.com"));
  CHECK(all.keys.awaits(name("www.example.com")));
  all.wait("www.example.com");
  all.wait("example.com");
  first.reset();
  all.scheduler.run_ready();
  CHECK(all.gone == "");
  second.reset();
  CHECK(!all.keys.awaits(name("www.example.com")));
  all.scheduler.run_ready();
  CHECK(all.gone == "www.example.com.");
}

TEST_CASE("Addresses wait no longer than a quarter of a second") {
  Addresses all;
  const AwaitedKeys::KeyQuestion key(all.keys, name("example.com"));
  all.wait("example.com");
  all.pass(249ms);
  CHECK(all.gone == "");
  all.pass(1ms);
  CHECK(all.gone == "example.com.");
}

TEST_CASE("Addresses whose client has gone are not waked") {
  Addresses all;
  std::optional<AwaitedKeys::KeyQuestion> key(std::in_place, all.keys, name("example.com"));
  all.wait("example.com");
  all.tasks.cancel();
  key.reset();
  all.scheduler.run_ready();
  CHECK(all.gone == "");
  CHECK(all.keys.empty());
}
