#include <netinet/tcp.h>

#include <algorithm>

#include "unit/transport/dial/connector_fixture.hpp"

using namespace tacet;
using namespace tacet::fixture;

TEST_CASE("addresses become the kernel's form without a look-up") {
  CHECK(kernel_address({"192.0.2.1", 53})->family() == AF_INET);
  CHECK(kernel_address({"2001:db8::1", 53})->family() == AF_INET6);
  CHECK(kernel_address({"fe80::1%lo", 53})->family() == AF_INET6);
  for (const IpAddress& address : {IpAddress("fe80::1%no-such-zone"), IpAddress("fe80::1%7seven")})
    CHECK(kernel_address({address, 53}).error().fault == Fault::no_network);
}

TEST_CASE("the first address that connects is handed over, tuned, with its place in the budget") {
  const Listener server("127.0.0.1");
  Race race({server.address});
  race.connector->start();
  CHECK(race.connector->running());
  race.loop.run();
  REQUIRE(race.connected);
  CHECK(race.connected->address() == server.address);
  CHECK_FALSE(race.connector->running());
  int on = 0;
  socklen_t size = sizeof on;
  REQUIRE(::getsockopt(race.connected->get(), IPPROTO_TCP, TCP_NODELAY, &on, &size) == 0);
  CHECK(on != 0);
  CHECK(unacknowledged_for(race.connected->get()) == Duration::zero());
  CHECK(race.budget.used() == 1);
  race.connected.reset();
  CHECK(race.budget.used() == 0);
}

TEST_CASE("a refusal moves on at once") {
  const Listener server("127.0.0.1");
  Race race({closed_port("::1"), server.address});
  race.connector->start();
  race.loop.run();  // and no time passes
  REQUIRE(race.connected);
  CHECK(race.connected->address() == server.address);
  CHECK(race.failures.empty());
  CHECK(race.book.order(race.clock.now()).front() == server.address);
}

TEST_CASE("a silent family gets a head start of 250 ms and is then tried last") {
  const BlackHole silent("::1");
  const Listener server("127.0.0.1");
  Race race({silent.address, server.address});
  race.connector->start();
  race.pass(240ms);
  CHECK(race.budget.used() == 1);
  race.pass(10ms);
  CHECK(race.budget.used() == 2);
  race.loop.run();
  REQUIRE(race.connected);
  CHECK(race.connected->address() == server.address);
  CHECK(race.budget.used() == 1);
  CHECK(race.book.order(race.clock.now()) == std::vector<DialTarget>{server.address, silent.address});
}

TEST_CASE("a book that shrinks under a running race loses nobody: the race goes on, and takes the new addresses next") {
  const BlackHole silent("::1"), other("127.0.0.2");
  const Listener server("127.0.0.1");
  Race race({silent.address, other.address, {"127.0.0.3", other.address.port}, server.address});
  race.connector->start();
  race.pass(10ms);
  race.book.replace({silent.address});
  SUBCASE("one of the former addresses connects") {
    race.pass(900ms);
    race.loop.run();
    REQUIRE(race.connected);
    CHECK(race.book.order(race.clock.now()) == std::vector<DialTarget>{silent.address});
  }
  SUBCASE("none is left at all, and then there are others") {
    race.book.replace({});
    race.pass(4s);
    CHECK_FALSE(race.failures.empty());
    race.book.replace({server.address});
    race.pass(3s);
    race.loop.run();
    REQUIRE(race.connected);
    CHECK(race.connected->address() == server.address);
  }
}

TEST_CASE("in silence there is a fresh attempt every 200 ms, at most five within a second, and a report per round") {
  const BlackHole silent("127.0.0.1");
  Race race({silent.address});
  race.connector->start();
  race.pass(990ms);
  CHECK(race.budget.used() == 5);  // begun after 0, 250, 450, 650 and 850 ms
  CHECK(race.failures.empty());
  std::size_t most = 0;
  for (int i = 0; i < 500; ++i) {
    race.pass(10ms);
    most = std::max(most, race.budget.used());
  }
  CHECK(most == 6);  // with the one that lasts longer
  CHECK(race.failures.size() >= 24);
  CHECK(race.failures.size() <= 26);
  CHECK(race.failures.front().fault == Fault::timeout);
  race.connector->stop();
  CHECK(race.budget.used() == 0);
}

TEST_CASE("one attempt to each family lasts three seconds, for a link with a round trip of more than a second") {
  const BlackHole v4("127.0.0.1"), v6("::1");
  Race race({v6.address, v4.address});
  Connector other(race.loop, ConnectorContext{race.book, race.budget, race.path},
                  {[](ConnectedSocket) {}, [](Error) {}});
  const auto waiting = [&] {
    std::size_t most = 0;
    for (const Instant end = race.clock.now() + 1s; race.clock.now() < end; most = std::max(most, race.budget.used()))
      race.pass(10ms);
    return most;
  };
  race.connector->start();
  race.pass(1100ms);
  CHECK(race.budget.used() == 6);  // the first one, to the IPv6 address, is still there
  race.pass(200ms);
  CHECK(waiting() == 7);
  race.pass(1400ms);
  CHECK(waiting() == 7);  // at 3.1 s: others have their turn to last long
  other.start();
  race.pass(2s);
  CHECK(waiting() == 7);  // one of each family for all servers: the others have the sockets
  race.connector->stop();
  other.stop();
  CHECK(race.budget.used() == 0);
  race.connector->start();
  race.pass(1600ms);
  CHECK(waiting() == 7);  // a race that ends gives back what it had
}

TEST_CASE("with room for few, a fresh attempt takes the place of one that had twice the time of the last connect") {
  const BlackHole silent("127.0.0.1");
  Race race({silent.address}, 2);
  race.connector->start();
  race.pass(990ms);
  // Nothing is known of the time it takes: both have their second.
  CHECK(std::ranges::count(race.failures, Fault::timeout, &Error::fault) == 0);
  race.connector->stop();
  race.book.won(silent.address, 30ms);
  race.connector->start();
  std::size_t least = 2;
  race.pass(300ms);
  for (int i = 0; i < 100; ++i) {
    race.pass(10ms);
    least = std::min(least, race.budget.used());
  }
  CHECK(least == 2);
  CHECK(std::ranges::count(race.failures, Fault::timeout, &Error::fault) >= 4);
  race.connector->stop();
  CHECK(race.budget.used() == 0);
}

TEST_CASE("an address that came back is found by the next attempt") {
  std::optional<BlackHole> silent(std::in_place, IpAddress("127.0.0.1"));
  Race race({silent->address});
  race.connector->start();
  race.pass(3s);
  REQUIRE_FALSE(race.connected);
  for (int i = 0; i < 3; ++i) Descriptor(::accept(silent->descriptor.get(), nullptr, nullptr));
  race.pass(200ms);
  race.loop.run();
  CHECK(race.connected);
}

TEST_CASE("where every address fails at once, rounds slow down to one in two seconds") {
  Race race({{"255.255.255.255", 853}, {"224.0.0.1", 853}});
  race.connector->start();
  race.pass(20s);
  CHECK(race.failures.size() >= 11);
  CHECK(race.failures.size() <= 14);
  CHECK(race.failures.front().fault == Fault::no_network);
  CHECK(race.failures.front().detail.starts_with("224.0.0.1:853: "));
  CHECK(race.budget.used() == 0);
  const std::size_t before = race.failures.size();
  race.connector->stop();
  race.connector->start();
  race.pass(700ms);
  CHECK(race.failures.size() == before + 3);
}

TEST_CASE("without room for a socket it waits, and says so") {
  const Listener server("127.0.0.1");
  Race race({server.address}, 0);
  race.connector->start();
  race.pass(2s);
  CHECK(race.failures.size() >= 8);
  CHECK(race.failures.size() <= 12);
  CHECK(race.failures.front().fault == Fault::overloaded);
}

TEST_CASE("a connector may be destroyed by either of its callbacks") {
  const Listener server("127.0.0.1");
  Race race({});
  SUBCASE("connected") {
    race.book.replace({server.address});
    race.connector.emplace(race.loop, ConnectorContext{race.book, race.budget, race.path},
                           Connector::Callbacks{[&](ConnectedSocket) {
                                                  race.connector.reset();
                                                  race.loop.stop();
                                                },
                                                {}});
  }
  SUBCASE("failed") {
    race.connector.emplace(race.loop, ConnectorContext{race.book, race.budget, race.path},
                           Connector::Callbacks{{}, [&](const Error&) {
                                                  race.connector.reset();
                                                  race.loop.stop();
                                                }});
  }
  race.connector->start();
  race.loop.run();
  CHECK_FALSE(race.connector);
  CHECK(race.budget.used() == 0);
}
