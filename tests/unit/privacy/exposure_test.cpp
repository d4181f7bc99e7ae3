#include "privacy/exposure.hpp"

#include <doctest/doctest.h>

#include "privacy/public_suffix.hpp"
#include "unit/dns/wire_fixture.hpp"

using namespace tacet;
using namespace tacet::fixture;
using std::chrono::seconds;

namespace {

constexpr Instant at(int second) { return Instant(seconds(1000 + second)); }

std::string wire(std::string_view text) {
  const Octets octets = name(text);
  return {octets.begin(), octets.end()};
}

NameExposure named_exposure(std::string_view text, std::uint64_t queries, std::vector<Sighting> history = {}) {
  NameExposure exposure{.name = wire(text), .queries = queries, .last_query = at(static_cast<int>(queries))};
  exposure.history = std::move(history);
  return exposure;
}

}  // namespace

TEST_CASE("A registrable domain is what one owner registered") {
  CHECK(registrable_domain("www.example.co.uk") == "example.co.uk");
  CHECK(registrable_domain("a.b.example.com") == "example.com");
  CHECK(registrable_domain("example.com") == "example.com");
  CHECK(registrable_domain("co.uk") == "co.uk");
  CHECK(registrable_domain("localhost") == "localhost");
  CHECK(registrable_domain("someone.github.io") == "someone.github.io");
  CHECK(domain_of(wire("www.example.co.uk")) == "example.co.uk");
  CHECK(domain_of(wire("")) == ".");
}

TEST_CASE("Names are grouped by domain, the most often resolved first, unknown apart from exposed") {
  Exposure exposure;
  exposure.add(named_exposure("www.rare.example", 1));
  exposure.add(named_exposure("a.often.co.uk", 3, {{EchState::ech, at(0), at(0)}}));
  exposure.add(named_exposure("b.often.co.uk", 5, {{EchState::no_ech, at(0), at(0)}}));
  exposure.add(named_exposure("c.often.co.uk", 2));
  const auto domains = by_domain(exposure);
  REQUIRE(domains.size() == 2);
  CHECK(domains[0].domain == "often.co.uk");
  CHECK(domains[0].queries == 10);
  CHECK(domains[0].states[EchState::ech] == 1);
  CHECK(domains[0].states[EchState::no_ech] == 1);
  CHECK(domains[0].states[EchState::unknown] == 1);
  CHECK(domains[0].states[EchState::no_https] == 0);
  REQUIRE(domains[0].names.size() == 3);
  CHECK(domains[0].names[0]->name == wire("b.often.co.uk"));
  CHECK(domains[1].domain == "rare.example");
  CHECK(by_domain(exposure, at(3)).size() == 1);
  CHECK(by_domain(exposure, at(3))[0].names.size() == 2);
  CHECK(by_domain(exposure, at(100)).empty());
}

TEST_CASE("Two workers' knowledge of a name becomes one: counts added, the newest evidence kept, history in order") {
  NameExposure first =
      named_exposure("www.example", 2, {{EchState::ech, at(1), at(4)}, {EchState::no_ech, at(9), at(9)}});
  first.public_name = "old.example";
  NameExposure second =
      named_exposure("www.example", 3, {{EchState::ech, at(3), at(6)}, {EchState::ech, at(12), at(12)}});
  second.public_name = "new.example";
  for (const bool swapped : {false, true}) {
    Exposure exposure;
    exposure.add(swapped ? second : first);
    exposure.add(swapped ? first : second);
    const NameExposure& sum = exposure.names.at(wire("www.example"));
    CHECK(sum.queries == 5);
    CHECK(sum.last_query == at(3));
    CHECK(sum.public_name == "new.example");
    CHECK(sum.state() == EchState::ech);
    REQUIRE(sum.history.size() == 3);
    CHECK(sum.history[0].first == at(1));
    CHECK(sum.history[0].last == at(6));
    CHECK(sum.history[1].state == EchState::no_ech);
    CHECK(sum.history[2].first == at(12));
  }
}

TEST_CASE("A name that points to one which another worker knows has that one's state") {
  Exposure exposure;
  NameExposure alias = named_exposure("alias.example", 2);
  alias.alias = wire("middle.example");
  NameExposure middle = named_exposure("middle.example", 1);
  middle.alias = wire("target.example");
  NameExposure loop = named_exposure("loop.example", 1);
  loop.alias = loop.name;
  NameExposure target = named_exposure("target.example", 7, {{EchState::ech, at(0), at(9)}});
  target.owner = target.name;
  target.public_name = "cover.example";
  for (const NameExposure& name : {alias, middle, loop, target}) exposure.add(name);
  exposure.follow_aliases();
  const NameExposure& followed = exposure.names.at(alias.name);
  CHECK(followed.state() == EchState::ech);
  CHECK(followed.public_name == "cover.example");
  CHECK(followed.owner == target.name);
  CHECK(followed.alias.empty());
  CHECK(followed.name == alias.name);
  CHECK(followed.queries == 2);
  CHECK(followed.last_query == alias.last_query);
  CHECK(exposure.names.at(middle.name).state() == EchState::ech);
  CHECK(exposure.names.at(loop.name).state() == EchState::unknown);
  CHECK(exposure.names.at(target.name).queries == 7);
}

TEST_CASE("Names that offer ECH are counted by their clients, summed over the workers") {
  Exposure exposure;
  const auto add = [&](std::string_view text, std::uint64_t over_https, bool key, EchState state = EchState::ech) {
    NameExposure one = named_exposure(text, 2, {{state, at(0), at(1)}});
    one.over_https = over_https;
    one.key_over_https = key;
    exposure.add(one);
  };
  add("hidden.example", 2, true);
  add("hidden.example", 2, false);  // of another worker
  add("mixed.example", 2, true);
  add("mixed.example", 1, false);
  add("keyless.example", 2, false);
  add("plain.example", 0, false);
  add("offers-none.example", 2, true, EchState::no_ech);
  const EchClients clients = ech_clients(exposure);
  CHECK(clients.only_for_ech == 1);
  CHECK(clients.others == 3);
  CHECK(exposure.names.at(wire("mixed.example")).over_https == 3);
}

TEST_CASE("An alias keeps how it was asked for, whatever its target's clients did") {
  Exposure exposure;
  NameExposure alias = named_exposure("alias.example", 2);
  alias.alias = wire("target.example");
  alias.over_https = 2;
  alias.key_over_https = true;
  exposure.add(alias);
  exposure.add(named_exposure("target.example", 1, {{EchState::ech, at(0), at(9)}}));
  exposure.follow_aliases();
  CHECK(exposure.names.at(alias.name).only_for_ech());
  CHECK_FALSE(exposure.names.at(wire("target.example")).only_for_ech());
}

TEST_CASE("Two workers' connections to one endpoint are one row") {
  const auto facts = [](const char* version) {
    return std::make_shared<const ConnectionFacts>(ConnectionFacts{.address = "192.0.2.1:853", .tls_version = version});
  };
  Exposure exposure;
  exposure.add(
      {.upstream = "u", .facts = facts("old"), .connections = 1, .answers = 3, .padded = 2, .last_use = at(1)});
  exposure.add(
      {.upstream = "u", .facts = facts("new"), .connections = 2, .resumptions = 1, .answers = 4, .last_use = at(2)});
  exposure.add({.upstream = "v", .facts = facts("other"), .last_use = at(1)});
  REQUIRE(exposure.endpoints.size() == 2);
  CHECK(exposure.endpoints[0].connections == 3);
  CHECK(exposure.endpoints[0].resumptions == 1);
  CHECK(exposure.endpoints[0].answers == 7);
  CHECK(exposure.endpoints[0].padded == 2);
  CHECK(exposure.endpoints[0].facts->tls_version == "new");
}
