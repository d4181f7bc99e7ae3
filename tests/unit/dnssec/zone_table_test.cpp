#include "dnssec/zone_table.hpp"

#include <doctest/doctest.h>

#include "unit/dnssec/signed_world.hpp"

using namespace tacet;
using namespace tacet::fixture;

namespace {

using std::chrono::hours;
using Seconds = std::chrono::seconds;

ProvenZone fact(std::string_view name, ZoneState state, Duration life = Seconds(100)) {
  ProvenZone zone{.name = named(name), .state = state};
  zone.ends = noon + life;
  return zone;
}

TrustAnchor anchor(std::string_view owner) { return {named(owner), root_anchors().front().ds}; }

}  // namespace

TEST_CASE("The nearest fact counts, whatever the case of the name; where no zone begins the one above counts") {
  ZoneTable table(1);
  CHECK(table.closest(named("a.example"), noon) == nullptr);
  table.keep(fact("example", ZoneState::keyed), noon);
  table.keep(fact("www.example", ZoneState::no_cut), noon);
  table.keep(fact("plain.example", ZoneState::insecure), noon);
  CHECK(table.closest(named("a.WWW.Example"), noon)->name == named("example"));
  CHECK(table.closest(named("a.b.plain.example"), noon)->state == ZoneState::insecure);
  CHECK(table.find(named("WWW.example"), noon)->state == ZoneState::no_cut);
  CHECK(table.find(named("other.example"), noon) == nullptr);
  CHECK(table.counts() == std::array<std::size_t, 4>{1, 0, 1, 1});
}

TEST_CASE("A fact ends, at the latest after an hour, and lives long enough for its query") {
  ZoneTable table(1);
  table.keep(fact("a.example", ZoneState::insecure), noon);
  table.keep(fact("b.example", ZoneState::insecure, hours(48)), noon);
  table.keep(fact("c.example", ZoneState::insecure, Seconds(-5)), noon);
  const auto known = [&](std::string_view name, Duration later) {
    return table.find(named(name), noon + later) != nullptr;
  };
  CHECK(known("a.example", Seconds(99)));
  CHECK(!known("a.example", Seconds(100)));
  CHECK(known("b.example", Seconds(3599)));
  CHECK(!known("b.example", hours(1)));
  CHECK(known("c.example", Seconds(9)));
  CHECK(!known("c.example", Seconds(10)));
}

TEST_CASE("A newer fact about a name replaces the older one") {
  ZoneTable table(1);
  table.keep(fact("example", ZoneState::delegated), noon);
  const std::size_t octets = table.octets();
  table.keep(fact("EXAMPLE", ZoneState::insecure), noon);
  CHECK(table.size() == 1);
  CHECK(table.octets() == octets);
  CHECK(table.find(named("example"), noon)->state == ZoneState::insecure);
}

TEST_CASE("The table is bounded, and the least recently used fact goes first") {
  ZoneTable table(1, 100 * 1024);
  table.keep(fact("kept.example", ZoneState::insecure), noon);
  for (int i = 0; i < 2000; ++i) {
    table.keep(fact("z" + std::to_string(i) + ".example", ZoneState::no_cut), noon);
    CHECK(table.find(named("kept.example"), noon) != nullptr);
    CHECK(table.octets() <= 100 * 1024);
  }
  CHECK(table.size() > 50);
  CHECK(table.find(named("z0.example"), noon) == nullptr);
  CHECK(table.find(named("z1999.example"), noon) != nullptr);
  table.forget();
  CHECK(table.size() == 0);
  CHECK(table.octets() == 0);
}

TEST_CASE("Anchors and exempt zones are facts that stay, each for its names only") {
  ZoneTable table(1);
  const std::vector anchors{anchor("."), anchor("corp.example"), anchor(".")};
  const std::vector exempt{ExemptZone{named("home.arpa")}, ExemptZone{named("broken.example"), noon + hours(2)}};
  table.keep(fact("forgotten.example", ZoneState::keyed), noon);
  table.configure(anchors, exempt);
  CHECK(table.size() == 0);
  CHECK(table.anchors().size() == 3);
  CHECK(table.closest(named("www.example"), noon)->name.is_root());
  CHECK(table.closest(named("www.example"), noon)->ds.size() == 2);
  CHECK(table.closest(named("a.corp.example"), noon)->state == ZoneState::delegated);
  CHECK(table.closest(named("a.home.arpa"), noon)->state == ZoneState::insecure);
  CHECK(table.closest(named("a.broken.example"), noon)->state == ZoneState::insecure);
  CHECK(table.closest(named("a.broken.example"), noon + hours(2))->name.is_root());
  table.forget();
  CHECK(table.closest(named("a.home.arpa"), noon)->configured);
}

TEST_CASE("Keys take the place of an anchor for as long as they hold; nothing else does") {
  ZoneTable table(1);
  table.configure(std::vector{anchor(".")}, std::vector{ExemptZone{named("home.arpa")}});
  table.keep(fact(".", ZoneState::insecure), noon);
  CHECK(table.find(Name(), noon)->state == ZoneState::delegated);
  table.keep(fact(".", ZoneState::keyed), noon);
  CHECK(table.find(Name(), noon)->state == ZoneState::keyed);
  CHECK(table.find(Name(), noon + Seconds(100))->state == ZoneState::delegated);
  table.keep(fact("home.arpa", ZoneState::keyed), noon);
  CHECK(table.find(named("home.arpa"), noon)->state == ZoneState::insecure);
}

TEST_CASE("The way from the anchor to a name can be shown") {
  SignedWorld world;
  world.teach();
  const auto steps = chain_to(named("www.example.test"), world.table, world.now);
  REQUIRE(steps.size() == 3);
  CHECK(steps[0].zone.is_root());
  CHECK(steps[1].state == ZoneState::keyed);
  CHECK(steps[2].zone == named("example.test"));
  CHECK(steps[2].key_tags == std::vector{static_cast<std::uint16_t>(world.example.key().tag())});
  CHECK(steps[2].ds.size() == 1);
  CHECK(chain_to(named("a.plain.test"), world.table, world.now).back().state == ZoneState::insecure);
}
