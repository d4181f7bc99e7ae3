#include <algorithm>
#include <tuple>

#include "unit/listen/stream_server_fixture.hpp"

using namespace tacet;
using namespace tacet::fixture;

TEST_CASE_FIXTURE(LineServer, "who is not admitted is let go without a word") {
  service.welcome = false;
  CHECK(is_closed(connect()));
  CHECK(service.sessions.empty());
}

TEST_CASE_FIXTURE(LineServer, "one more than the limit takes the place of the longest idle") {
  const auto first = connect(), second = connect(), third = connect();
  for (const auto* client : {&second, &third, &first}) CHECK(ask(*client, "a\n") == "a!");
  const auto newcomer = connect();
  CHECK(is_closed(second));
  for (const auto* client : {&first, &third, &newcomer}) CHECK(ask(*client, "b\n") == "b!");
}

TEST_CASE_FIXTURE(LineServer, "a client that waits for an answer keeps its place as long as another does not") {
  const auto first = connect(), second = connect(), third = connect();
  CHECK(ask(first, "wait\n").empty());
  CHECK(ask(second, "a\n") == "a!");
  CHECK(ask(third, "a\n") == "a!");
  pass(2s);
  const auto newcomer = connect();
  CHECK(is_closed(second));
  CHECK_FALSE(is_closed(first));
}

TEST_CASE_FIXTURE(LineServer,
                  "of many that come at once, those beyond the limit wait until others have their answers") {
  std::vector<Descriptor> clients;
  for (int count = 0; count < 6; ++count) {
    clients.push_back(listener.connect());
    say(clients.back(), "wait\n");
  }
  settle();
  CHECK(service.sessions.size() == 3);
  for (std::size_t served = 0; served < 6; ++served) {
    REQUIRE(service.sessions.size() > served);
    --service.sessions[served]->waiting;
    service.sessions[served]->answer("late");
    service.clients[served]->go_on();
    CHECK(heard(clients[served]) == "late!");
    pass(10ms);
  }
}

TEST_CASE_FIXTURE(LineServer,
                  "who says nothing keeps a place for two seconds at first, and not for long when others wait on") {
  std::vector<Descriptor> clients;
  for (int count = 0; count < 7; ++count) clients.push_back(connect());
  crowd(1900ms);
  CHECK(service.sessions.size() == 3);
  CHECK(std::ranges::none_of(clients, is_closed));
  crowd(100ms);
  CHECK(service.sessions.size() == 6);
  CHECK(std::ranges::count_if(clients, is_closed) == 3);
  crowd(50ms);
  CHECK(service.sessions.size() == 6);
  crowd(50ms);
  CHECK(service.sessions.size() == 7);
  CHECK(ask(clients[6], "a\n") == "a!");
  pass(2s);                                          // nobody waits
  const auto next = connect(), another = connect();  // one place is at rest, two are silent for long
  CHECK(service.sessions.size() == 9);
  const auto third = connect(), newcomer = connect();
  CHECK(service.sessions.size() == 10);
  crowd(1900ms);
  CHECK(service.sessions.size() == 10);
}

TEST_CASE_FIXTURE(LineServer,
                  "who asks keeps a place for longer, but neither octets that drip in nor requests give more time") {
  const auto waits = connect(), drips = connect(), asks_on = connect();
  CHECK(ask(waits, "wait\n").empty());
  CHECK(ask(asks_on, "wait\n").empty());
  std::vector<Descriptor> newcomers;
  for (int count = 0; count < 4; ++count) newcomers.push_back(connect());
  for (int count = 0; count < 19; ++count) {
    CHECK(ask(drips, "x").empty());
    CHECK(ask(asks_on, "a\n") == "a!");
    crowd(100ms);
  }
  CHECK(service.sessions.size() == 3);
  crowd(100ms);
  CHECK(service.sessions.size() == 6);
  for (const auto* client : {&waits, &drips, &asks_on}) CHECK(is_closed(*client));
  for (int place = 0; place < 3; ++place) CHECK(ask(newcomers[static_cast<std::size_t>(place)], "wait\n").empty());
  crowd(900ms);
  CHECK(service.sessions.size() == 6);
  crowd(100ms);
  CHECK(service.sessions.size() == 7);
}

TEST_CASE("a step of a handshake keeps its place for a while, but not one that has too many") {
  for (const auto& [steps, later, is_kept] : {std::tuple{2, 50ms, true}, {1'000'000, 2000ms, false}}) {
    CAPTURE(steps);
    LineServer world({.idle = 10s, .partial = 5s, .greeting = 5s});
    world.service.greeting = true;
    world.service.steps = steps;
    const auto greeting = world.connect();
    world.pass(1990ms);
    say(greeting, "a");
    world.settle();
    const auto silent = world.connect(), other = world.connect(), newcomer = world.connect();
    world.crowd(later);
    CHECK(is_closed(greeting) != is_kept);
  }
}

TEST_CASE_FIXTURE(LineServer, "with a lower limit the idle go at once, and others when they have their answers") {
  const auto first = connect(), second = connect(), third = connect();
  CHECK(ask(first, "wait\n").empty());
  CHECK(ask(third, "wait\n").empty());
  server.set_most_clients(1);
  CHECK(is_closed(second));
  CHECK_FALSE(is_closed(first));
  CHECK_FALSE(is_closed(third));
  --service.sessions[0]->waiting;
  service.sessions[0]->answer("late");
  service.clients[0]->go_on();
  CHECK(heard(first) == "late!");
  CHECK(is_closed(first));
  CHECK(ask(third, "wait\n").empty());
  CHECK(service.sessions[2]->served == 2);
}
