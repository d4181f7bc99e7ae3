#include "transport/dial/bootstrap.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "base/task_group.hpp"
#include "support/manual_clock.hpp"
#include "support/name_server.hpp"

using namespace std::chrono_literals;
using namespace tacet;

namespace {

struct Bench {
  ManualClock clock;
  Loop loop{clock};
  NameServer server{loop};
  Bootstrap bootstrap{loop, {server.address()}};
  std::optional<Result<std::vector<IpAddress>>> found;
  TaskGroup tasks;

  static Task<void> ask(Bench& bench, Duration patience) {
    const std::string host = "dns.test";
    bench.found = co_await bench.bootstrap.resolve(host, bench.clock.now() + patience);
    bench.loop.stop();
  }
  Result<std::vector<IpAddress>> resolve(Duration patience = 5s) {
    found.reset();
    tasks.spawn(ask(*this, patience));
    loop.run();
    return *found;
  }
};

}  // namespace

TEST_CASE("a name's IPv4 and IPv6 addresses are asked for at the configured server") {
  Bench bench;
  auto found = bench.resolve();
  REQUIRE(found);
  std::ranges::sort(*found, {}, &IpAddress::is_v6);
  CHECK(*found == std::vector<IpAddress>{"192.0.2.1", "2001:db8::1"});
  CHECK(bench.server.asked() == 2);
  CHECK(bench.bootstrap.lookups() == 1);
}

TEST_CASE("what was found is used for a minute even if its TTL is shorter, then asked for again") {
  Bench bench;
  REQUIRE(bench.resolve());
  bench.clock.advance(59s);
  CHECK(bench.resolve());
  CHECK(bench.bootstrap.lookups() == 1);
  bench.clock.advance(2s);
  CHECK(bench.resolve());
  CHECK(bench.bootstrap.lookups() == 2);
}

TEST_CASE("an answer without addresses is a failure, and does not displace what was known") {
  Bench bench;
  bench.server.mood = NameServer::Mood::has_nothing;
  const auto nothing = bench.resolve();
  REQUIRE_FALSE(nothing);
  CHECK(nothing.error().fault == Fault::protocol);
  bench.server.mood = NameServer::Mood::answers;
  REQUIRE(bench.resolve());
  bench.clock.advance(61s);
  bench.server.mood = NameServer::Mood::has_nothing;
  CHECK(bench.resolve());
  CHECK(bench.bootstrap.lookups() == 3);
}

TEST_CASE("a silent server is given up at the deadline; what was known before is used all the same") {
  Bench bench;
  bench.server.mood = NameServer::Mood::keeps_silent;
  const auto nothing = bench.resolve(0s);
  REQUIRE_FALSE(nothing);
  CHECK(nothing.error().fault == Fault::timeout);
  bench.server.mood = NameServer::Mood::answers;
  REQUIRE(bench.resolve());
  bench.clock.advance(24h);
  bench.server.mood = NameServer::Mood::keeps_silent;
  CHECK(bench.resolve(0s));
}

TEST_CASE("a look-up may be given up while its questions are under way") {
  Bench bench;
  bench.server.mood = NameServer::Mood::keeps_silent;
  bench.tasks.spawn(Bench::ask(bench, 5s));
  bench.tasks.cancel();
  CHECK_FALSE(bench.found);
}

TEST_CASE("without bootstrap servers nothing is asked") {
  Bench bench;
  Bootstrap none(bench.loop, {});
  std::optional<Result<std::vector<IpAddress>>> found;
  const auto ask = [](Bootstrap& from, auto& to) -> Task<void> {
    const std::string host = "dns.test";
    to = co_await from.resolve(host, Instant{});
  };
  bench.tasks.spawn(ask(none, found));
  REQUIRE(found);
  CHECK(found->error().fault == Fault::invalid_config);
  CHECK(none.lookups() == 0);
}

TEST_CASE("other servers are asked from now on, and what the former said is not believed any more") {
  Bench bench;
  REQUIRE(bench.resolve());
  bench.bootstrap.use({bench.server.address()});
  CHECK(bench.resolve());
  CHECK(bench.bootstrap.lookups() == 1);
  NameServer other(bench.loop);
  bench.bootstrap.use({other.address()});
  CHECK(bench.resolve());
  CHECK(bench.server.asked() == 2);
  CHECK(other.asked() == 2);
  bench.bootstrap.use({});
  CHECK(bench.resolve().error().fault == Fault::invalid_config);
}
