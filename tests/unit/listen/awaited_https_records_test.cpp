#include "listen/awaited_https_records.hpp"

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
  AwaitedHttpsRecords records;
  std::string gone;
  TaskGroup tasks;

  void wait(std::string_view text) { tasks.spawn(wait_for(name(text))); }
  Task<void> wait_for(Name of) {
    AwaitedHttpsRecords::Hold hold(records, of, scheduler);
    co_await hold.wait(clock.now() + AwaitedHttpsRecords::patience);
    gone += of.to_string();
  }
  void pass(Duration time) {
    clock.advance(time);
    scheduler.run_timers(clock.now());
  }
};

}  // namespace

TEST_CASE(
    "Addresses wait until no question for the HTTPS record of their name is left, whatever the case of its letters") {
  Addresses all;
  std::optional<AwaitedHttpsRecords::HttpsQuestion> first(std::in_place, all.records, name("www.Example.com"));
  std::optional<AwaitedHttpsRecords::HttpsQuestion> second(std::in_place, all.records, name("WWW.example.com"));
  const AwaitedHttpsRecords::HttpsQuestion other(all.records, name("example.com"));
  CHECK(all.records.awaits(name("www.example.com")));
  all.wait("www.example.com");
  all.wait("example.com");
  first.reset();
  all.scheduler.run_ready();
  CHECK(all.gone == "");
  second.reset();
  CHECK(!all.records.awaits(name("www.example.com")));
  all.scheduler.run_ready();
  CHECK(all.gone == "www.example.com.");
}

TEST_CASE("Addresses wait no longer than a quarter of a second") {
  Addresses all;
  const AwaitedHttpsRecords::HttpsQuestion https(all.records, name("example.com"));
  all.wait("example.com");
  all.pass(249ms);
  CHECK(all.gone == "");
  all.pass(1ms);
  CHECK(all.gone == "example.com.");
}

TEST_CASE("Addresses whose client has gone are not waked") {
  Addresses all;
  std::optional<AwaitedHttpsRecords::HttpsQuestion> https(std::in_place, all.records, name("example.com"));
  all.wait("example.com");
  all.tasks.cancel();
  https.reset();
  all.scheduler.run_ready();
  CHECK(all.gone == "");
  CHECK(all.records.empty());
}
