#include "resolve/in_flight.hpp"

#include <doctest/doctest.h>

#include "unit/pool/resolve_fixture.hpp"

using namespace tacet;
using namespace tacet::fixture;

namespace {

/// Waiters in tasks of their own, and what each was told.
struct Hall : World {
  explicit Hall(std::size_t limit) : in_flight(scheduler, limit) {}

  CacheKey key(std::string_view name) const { return {HashSeed{1, 2}, question(name), false, false}; }

  void enter(std::string_view name, Duration patience = 4s) { tasks.spawn(wait(key(name), patience, told.size())); }

  Task<void> wait(CacheKey asked, Duration patience, std::size_t number) {
    told.emplace_back();
    InFlight::FlightWaiter waiter(in_flight, asked);
    if (waiter.leads()) ++leaders;
    auto result = co_await waiter.wait(clock.now() + patience);
    told[number] = !result ? "late" : **result ? "answer" : std::string(to_string((*result)->error().fault));
  }

  FetchResult answer() const { return std::make_shared<const Result<Fetched>>(Fetched{}); }
  std::size_t count(std::string_view what) const { return static_cast<std::size_t>(std::ranges::count(told, what)); }

  InFlight in_flight;
  std::vector<std::string> told;
  int leaders = 0;
  TaskGroup tasks;
};

}  // namespace

TEST_CASE("Of all who wait for a question one leads, and all are told") {
  Hall hall(100);
  for (int i = 0; i < 5; ++i) hall.enter("a.example");
  hall.enter("b.example");
  CHECK(hall.leaders == 2);
  CHECK(hall.in_flight.flights() == 2);
  hall.in_flight.land(hall.key("a.example"), hall.answer());
  CHECK(hall.count("answer") == 0);  // nobody goes on inside land()
  hall.scheduler.run_ready();
  CHECK(hall.count("answer") == 5);
  CHECK(hall.in_flight.waiting() == 1);
  CHECK(hall.in_flight.flights() == 1);
}

TEST_CASE("A question that landed is asked anew") {
  Hall hall(100);
  hall.enter("a.example");
  hall.in_flight.land(hall.key("a.example"), hall.answer());
  hall.enter("a.example");
  CHECK(hall.leaders == 2);
  hall.scheduler.run_ready();
  CHECK(hall.count("answer") == 1);
}

TEST_CASE("Landing what nobody asked harms nobody") {
  Hall hall(100);
  hall.in_flight.land(hall.key("a.example"), hall.answer());
  CHECK(hall.in_flight.flights() == 0);
}

TEST_CASE("Who waits for a refresh that was begun without waiters does not lead") {
  Hall hall(100);
  CHECK(!hall.in_flight.begin(hall.key("a.example")));
  CHECK(hall.in_flight.begin(hall.key("a.example")));
  hall.enter("a.example");
  CHECK(hall.leaders == 0);
  hall.in_flight.land(hall.key("a.example"), hall.answer());
  hall.scheduler.run_ready();
  CHECK(hall.count("answer") == 1);
}

TEST_CASE("Patience ends one wait and not the question") {
  Hall hall(100);
  hall.enter("a.example", 1s);
  hall.enter("a.example", 2s);
  hall.pass(1s);
  CHECK(hall.told[0] == "late");
  hall.in_flight.land(hall.key("a.example"), hall.answer());
  hall.pass(1s);
  CHECK(hall.told[1] == "answer");
}

TEST_CASE("Beyond the limit the one that has waited longest is shed") {
  Hall hall(3);
  for (const auto* name : {"a.example", "b.example", "c.example", "d.example"}) hall.enter(name);
  hall.scheduler.run_ready();
  CHECK(hall.told == std::vector<std::string>{"overloaded", "", "", ""});
  CHECK(hall.in_flight.shed() == 1);
  CHECK(hall.in_flight.waiting() == 3);
}

TEST_CASE("A burst sheds one for every one too many, though none of them has gone yet") {
  Hall hall(4);
  for (int i = 0; i < 50; ++i) hall.enter(std::to_string(i) + ".example");
  CHECK(hall.in_flight.shed() == 46);
  hall.scheduler.run_ready();
  CHECK(hall.count("overloaded") == 46);
  for (std::size_t i = 46; i < 50; ++i) CHECK(hall.told[i].empty());
  CHECK(hall.in_flight.waiting() == 4);
}

TEST_CASE("What has landed no longer counts against the limit") {
  Hall hall(2);
  hall.enter("a.example");
  hall.enter("b.example");
  hall.in_flight.land(hall.key("a.example"), hall.answer());
  hall.enter("c.example");
  hall.scheduler.run_ready();
  CHECK(hall.told == std::vector<std::string>{"answer", "", ""});
  CHECK(hall.in_flight.shed() == 0);
}

TEST_CASE("Questions without waiters add up to a crowd, and refusing one tells its waiters") {
  Hall hall(2);
  for (int i = 0; i < 4; ++i) hall.enter(std::to_string(i) + ".example");
  CHECK(!hall.in_flight.crowded());
  hall.enter("last.example");
  CHECK(hall.in_flight.crowded());
  hall.in_flight.refuse(hall.key("last.example"));
  hall.scheduler.run_ready();
  CHECK(hall.told.back() == "overloaded");
  CHECK(!hall.in_flight.crowded());
}

TEST_CASE("Waiters that are destroyed at any moment leave the others served") {
  Hall hall(100);
  {
    TaskGroup others;
    for (int i = 0; i < 3; ++i) others.spawn(hall.wait(hall.key("a.example"), 4s, hall.told.size()));
    hall.enter("a.example");
  }
  CHECK(hall.in_flight.waiting() == 1);
  {
    TaskGroup others;
    others.spawn(hall.wait(hall.key("a.example"), 4s, hall.told.size()));
    hall.in_flight.land(hall.key("a.example"), hall.answer());
  }  // told, but gone before it could go on
  hall.scheduler.run_ready();
  CHECK(hall.told[3] == "answer");
  CHECK(hall.count("answer") == 1);
}
