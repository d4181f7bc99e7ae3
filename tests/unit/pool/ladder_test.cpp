#include "pool/ladder.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

using namespace tacet;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

using enum GreetingOutcome;
using enum Rung;

const std::vector<Rung> named{configured, no_name, split_greeting}, nameless{configured, split_greeting},
    with_proxy{configured, no_name, split_greeting, Rung::proxy};

/// A ladder and a clock that moves by hand.
struct Scene {
  explicit Scene(std::vector<Ladder::Server> servers) : ladder(std::move(servers)) {}

  /// A connection by the way of now showed this `late` after its TCP connection.
  void sees(GreetingOutcome outcome, std::size_t server = 0, Duration late = milliseconds(500)) {
    const Instant connected = now;
    now += late;
    ladder.saw(server, way(server), outcome, connected, now);
    now += milliseconds(1);
  }
  Rung way(std::size_t server = 0) const { return ladder.servers()[server].ladder.way(); }
  LadderServer& at(std::size_t server = 0) { return ladder.servers()[server].ladder; }
  /// The look that is due shows this; its way.
  Rung looks(GreetingOutcome outcome) {
    const auto look = ladder.look(now);
    REQUIRE(look);
    ladder.looked(*look, outcome, now);
    return look->at.way;
  }
  /// Climbs to the way that lets a greeting through, and proves it.
  void climbs_to(Rung open) {
    while (way() != open) sees(reset);
    sees(greeted);
    CHECK(looks(reset) == configured);
    CHECK(at().proven() == open);
  }

  Instant now{hours(1)};
  Ladder ladder;
};

Scene one(std::vector<Rung> ways, LadderMode mode = LadderMode::on) {
  return Scene({{0, LadderServer(std::move(ways), mode)}});
}
Scene two(const std::vector<Rung>& ways, std::size_t second_operator = 0) {
  return Scene({{0, LadderServer(ways)}, {second_operator, LadderServer(ways)}});
}

}  // namespace

TEST_CASE("two connections in a row that are reset or silent behind the greeting put the next way on trial") {
  for (const GreetingOutcome first : {reset, silent})
    for (const GreetingOutcome second : {reset, silent}) {
      Scene scene = one(named);
      scene.sees(first);
      CHECK(scene.way() == configured);
      scene.sees(second);
      CHECK(scene.way() == no_name);
    }
}

TEST_CASE("a network that is slow, lossy, down or a captive portal never climbs") {
  const std::vector<std::vector<GreetingOutcome>> stories{
      {silent, greeted, silent, greeted, reset, greeted},  // lossy
      {dropped, dropped, dropped, silent, dropped, greeted},
      {closed, closed, closed},
      {refused, refused, refused, refused},  // a portal with its own certificate
      {reset, refused, reset, refused, reset},
  };
  for (const auto& story : stories) {
    Scene scene = one(named);
    for (const GreetingOutcome outcome : story) {
      scene.sees(outcome);
      CHECK(scene.way() == configured);
    }
  }
}

TEST_CASE("connections that were under way when the network died count as one") {
  Scene scene = one(named);
  const Instant connected = scene.now;
  for (int i = 0; i < 4; ++i) scene.ladder.saw(0, configured, silent, connected, connected + milliseconds(500));
  CHECK(scene.way() == configured);
}

TEST_CASE("failures that are half a minute apart have nothing to do with each other") {
  Scene scene = one(named);
  for (int i = 0; i < 5; ++i) {
    scene.sees(silent);
    scene.now += seconds(31);
    CHECK(scene.way() == configured);
  }
}

TEST_CASE("a way counts only once the former one has failed beside it") {
  Scene scene = one(named);
  scene.sees(silent);
  scene.sees(silent);
  scene.sees(greeted);
  CHECK(scene.way() == no_name);
  CHECK(scene.at().on_trial());
  SUBCASE("it fails") {
    CHECK(scene.looks(silent) == configured);
    CHECK(scene.at().proven() == no_name);
    CHECK(scene.at().has_news());
    CHECK_FALSE(scene.at().has_news());
    CHECK(scene.at().block() == silent);
  }
  SUBCASE("it works: the server was busy, or the network was down for a moment") {
    scene.looks(greeted);
    CHECK(scene.way() == configured);
    CHECK_FALSE(scene.at().has_news());
    CHECK_FALSE(scene.at().block());
  }
  SUBCASE("a connection by the former way is only late") {
    scene.ladder.saw(0, configured, greeted, scene.now, scene.now);
    CHECK(scene.way() == configured);
    CHECK_FALSE(scene.ladder.look(scene.now));
  }
  SUBCASE("the network is down: nobody knows, so it is tried again") {
    scene.looks(dropped);
    CHECK(scene.at().on_trial());
    CHECK_FALSE(scene.ladder.look(scene.now));
    scene.now = scene.ladder.next_look();
    scene.looks(reset);
    CHECK(scene.at().proven() == no_name);
  }
}

TEST_CASE("each way is tried once, in order, and the ways that nothing gets through are left for a while") {
  Scene scene = one(with_proxy);
  std::vector<Rung> tried;
  scene.sees(reset);
  for (int i = 0; i < 4; ++i) {
    scene.sees(reset);
    tried.push_back(scene.way());
  }
  CHECK(tried == std::vector{no_name, split_greeting, Rung::proxy, configured});
  for (int i = 0; i < 5; ++i) scene.sees(reset);
  CHECK(scene.way() == configured);
  scene.now += seconds(31);
  scene.sees(reset);
  scene.sees(reset);
  CHECK(scene.way() == no_name);
}

TEST_CASE("a trial ends when the network goes down") {
  Scene scene = one(named);
  scene.sees(reset);
  scene.sees(reset);
  scene.sees(dropped);
  CHECK(scene.way() == configured);
}

TEST_CASE("where no TCP connection comes up, only a proxy is tried") {
  for (const GreetingOutcome outcome : {dropped, closed}) {
    Scene scene = one(with_proxy);
    scene.sees(outcome);
    CHECK(scene.way() == Rung::proxy);
    scene.sees(greeted);
    CHECK(scene.looks(dropped) == configured);
    CHECK(scene.at().proven() == Rung::proxy);
  }
  Scene without = one(named);
  for (int i = 0; i < 5; ++i) without.sees(dropped);
  CHECK(without.way() == configured);
}

TEST_CASE("an outage that takes the proxy too leads nowhere, and its end is no climb") {
  Scene scene = one(with_proxy);
  scene.sees(dropped);
  scene.sees(dropped);
  CHECK(scene.way() == configured);
  scene.sees(dropped);
  CHECK(scene.way() == configured);
  scene.sees(greeted);
  CHECK_FALSE(scene.at().block());
}

TEST_CASE("a proxy that is out of order lets a lower way be looked at every ten seconds, not once an hour") {
  for (const GreetingOutcome outcome : {dropped, closed}) {
    Scene scene = one(with_proxy);
    scene.sees(outcome);
    scene.sees(greeted);
    scene.looks(outcome);
    CHECK_FALSE(scene.ladder.look(scene.now));
    scene.sees(outcome);
    CHECK(scene.looks(outcome) == split_greeting);
    CHECK(scene.way() == Rung::proxy);  // it may be back soon
    scene.sees(outcome);
    CHECK_FALSE(scene.ladder.look(scene.now));
    scene.now += seconds(10);
    CHECK(scene.looks(greeted) == split_greeting);
    CHECK(scene.way() == split_greeting);
  }
}

TEST_CASE("another server of the operator that works comes before any other way") {
  Scene scene = two(named);
  scene.sees(greeted, 1);
  for (int i = 0; i < 5; ++i) scene.sees(reset, 0);
  CHECK(scene.way(0) == configured);
}

TEST_CASE(
    "a server that fails is not checked while the other one has not been greeted for a while: it may be an outage") {
  Scene scene = two(named);
  scene.sees(greeted, 1);
  scene.now += seconds(3);
  scene.sees(dropped, 0);
  CHECK(scene.ladder.next_look() == Instant::max());
  scene.sees(greeted, 1);
  CHECK(scene.ladder.next_look() > scene.now);
  CHECK(scene.ladder.next_look() < scene.now + seconds(2));
}

TEST_CASE("a server that fails beside another one counts as blocked only if that one works at the same time") {
  Scene scene = two(named);
  scene.sees(greeted, 1);
  scene.sees(dropped, 0);
  CHECK_FALSE(scene.at(0).block());
  CHECK_FALSE(scene.ladder.look(scene.now));
  scene.now = scene.ladder.next_look();
  SUBCASE("it does") {
    scene.looks(dropped);
    CHECK_FALSE(scene.at(0).block());
    scene.looks(greeted);
    CHECK(scene.at(0).block() == dropped);
    CHECK(scene.at(0).has_news());
    scene.sees(dropped, 0);
    CHECK_FALSE(scene.ladder.look(scene.now));
    scene.sees(greeted, 0);
    CHECK_FALSE(scene.at(0).block());
  }
  SUBCASE("the network was down for a moment") {
    scene.looks(greeted);
    CHECK_FALSE(scene.ladder.look(scene.now));
    CHECK_FALSE(scene.at(0).block());
  }
  SUBCASE("the network is down") {
    scene.looks(dropped);
    scene.looks(dropped);
    CHECK_FALSE(scene.ladder.look(scene.now));
    CHECK_FALSE(scene.at(0).block());
  }
  SUBCASE("it is stopped, not blocked") {
    scene.looks(closed);
    CHECK_FALSE(scene.ladder.look(scene.now));
    CHECK_FALSE(scene.at(0).block());
  }
}

TEST_CASE("another server of the operator has its turn first, if that does not take long") {
  Scene scene = two(named);
  scene.sees(reset, 0, milliseconds(10));
  scene.sees(reset, 0, milliseconds(10));
  CHECK(scene.way(0) == configured);
  SUBCASE("it fails as well") {
    scene.sees(reset, 1, milliseconds(10));
    CHECK(scene.way(0) == no_name);
    scene.sees(reset, 1, milliseconds(10));
    CHECK(scene.way(1) == no_name);
  }
  SUBCASE("nobody asks it") {
    scene.now += seconds(1);
    scene.sees(reset, 0, milliseconds(10));
    CHECK(scene.way(0) == no_name);
  }
}

TEST_CASE("another operator's server changes nothing: it is the last way") {
  Scene scene = two(named, 1);
  scene.sees(greeted, 1);
  scene.sees(silent, 0);
  scene.sees(silent, 0);
  CHECK(scene.way(0) == no_name);
}

TEST_CASE("a server that turns out to work as configured takes the other one down from its trial") {
  Scene scene = two(named);
  scene.sees(silent, 0);
  scene.sees(silent, 0);
  scene.sees(silent, 1);
  CHECK(scene.way(0) == no_name);
  scene.sees(greeted, 0);
  scene.sees(greeted, 1);
  scene.looks(silent);
  CHECK(scene.way(0) == configured);
}

TEST_CASE("the way below the proven one is looked at once an hour, and the ladder comes down where it works") {
  Scene scene = one(named);
  scene.climbs_to(split_greeting);
  CHECK_FALSE(scene.ladder.look(scene.now));
  scene.now = scene.ladder.next_look();
  CHECK(scene.looks(silent) == no_name);
  CHECK(scene.way() == split_greeting);
  CHECK(scene.ladder.next_look() - scene.now == hours(1));
  scene.now = scene.ladder.next_look();
  scene.looks(greeted);
  CHECK(scene.way() == no_name);
  scene.now = scene.ladder.next_look();
  CHECK(scene.looks(greeted) == configured);
  CHECK(scene.way() == configured);
  CHECK(scene.ladder.next_look() == Instant::max());
  CHECK_FALSE(scene.at().block());
}

TEST_CASE("a way that was proven in this network before is taken at once") {
  Scene scene = one(named);
  scene.at().begin(KnownWay{.way = split_greeting, .sign = silent, .retry = scene.now + seconds(5)});
  CHECK(scene.way() == split_greeting);
  CHECK_FALSE(scene.at().on_trial());
  CHECK(scene.at().block() == silent);
  CHECK(scene.ladder.next_look() == scene.now + seconds(5));
  SUBCASE("if it works no more, the ladder begins at its foot") {
    scene.sees(reset);
    CHECK(scene.way() == split_greeting);
    scene.sees(reset);
    CHECK(scene.way() == configured);
    scene.sees(reset);
    scene.sees(reset);
    CHECK(scene.way() == no_name);
  }
  SUBCASE("another network begins as configured") {
    scene.at().begin();
    CHECK(scene.way() == configured);
  }
}

TEST_CASE("with ask-only no query takes another way, and the one that would work is told") {
  Scene scene = one(named, LadderMode::ask_only);
  scene.sees(reset);
  scene.sees(reset);
  CHECK(scene.way() == configured);
  CHECK(scene.looks(reset) == no_name);
  scene.sees(reset);
  CHECK(scene.looks(greeted) == split_greeting);
  CHECK_FALSE(scene.at().advice());
  CHECK(scene.looks(reset) == configured);
  CHECK(scene.at().advice() == split_greeting);
  CHECK(scene.at().has_news());
  CHECK(scene.way() == configured);
  scene.sees(greeted);
  CHECK_FALSE(scene.at().advice());
}

TEST_CASE(
    "a server without a name to withhold is tried with a split greeting first, and one by its proxy stays there") {
  Scene scene = one(nameless);
  scene.sees(reset);
  scene.sees(reset);
  CHECK(scene.way() == split_greeting);
  Scene proxied = one({configured});
  for (int i = 0; i < 9; ++i) proxied.sees(reset);
  CHECK(proxied.way() == configured);
}

TEST_CASE("a server that was blocked in this network before is known as blocked, until it works") {
  Scene scene = two(named);
  scene.at().begin(KnownWay{.way = other_transport, .sign = dropped});
  CHECK(scene.at().block() == dropped);
  CHECK(scene.way() == configured);
  scene.sees(greeted);
  CHECK_FALSE(scene.at().block());
  CHECK(scene.at().has_news());
}
