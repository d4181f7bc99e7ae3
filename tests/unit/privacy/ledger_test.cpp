#include "privacy/ledger.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>

#include "unit/privacy/evidence_fixture.hpp"

using namespace tacet;
using namespace tacet::fixture;
using std::chrono::hours;
using std::chrono::seconds;

namespace {

constexpr Instant start{hours(1)};

HttpsEvidence evidence_of(EchState state, std::string public_name = {}, std::size_t size = 20) {
  HttpsEvidence evidence{.state = state, .public_name = std::move(public_name)};
  evidence.rdata.resize(size);
  return evidence;
}
HttpsEvidence pointing_to(std::string_view target) { return {.alias = named(target)}; }
Provenance by_client(Instant now) { return {EvidenceOrigin::client, "https://dns.example", now}; }

Exposure of(const Ledger& ledger) {
  Exposure exposure;
  ledger.add_to(exposure);
  return exposure;
}

std::string wire(std::string_view text) {
  const Octets octets = name(text);
  return {octets.begin(), octets.end()};
}

NameExposure entry(const Ledger& ledger, std::string_view text) { return of(ledger).names.at(wire(text)); }

}  // namespace

TEST_CASE("Every question of a name is counted under it, whatever its hash") {
  Ledger ledger(ExposureMode::passive);
  ledger.touch(1, name("www.example"), start);
  ledger.touch(2, name("www.example"), start + seconds(1));
  ledger.touch(1, name("www.example"), start + seconds(2));
  ledger.touch(3, name("other.example"), start);
  CHECK(ledger.names() == 2);
  CHECK(entry(ledger, "www.example").queries == 3);
  CHECK(entry(ledger, "www.example").last_query == start + seconds(2));
  CHECK(entry(ledger, "www.example").state() == EchState::unknown);
  CHECK(entry(ledger, "other.example").queries == 1);
}

TEST_CASE("A name that came over HTTPS only, and for the key, is apart from one that came otherwise, too") {
  Ledger ledger(ExposureMode::passive);
  ledger.touch(1, name("hidden.example"), start, AskedBy::https);
  CHECK_FALSE(entry(ledger, "hidden.example").only_for_ech());
  ledger.touch(2, name("hidden.example"), start, AskedBy::https_for_key);
  ledger.touch(1, name("hidden.example"), start, AskedBy::https);
  CHECK(entry(ledger, "hidden.example").over_https == 3);
  CHECK(entry(ledger, "hidden.example").only_for_ech());
  ledger.touch(1, name("hidden.example"), start);
  CHECK(entry(ledger, "hidden.example").queries == 4);
  CHECK(entry(ledger, "hidden.example").over_https == 3);
  CHECK_FALSE(entry(ledger, "hidden.example").only_for_ech());
  ledger.clear();
  ledger.touch(1, name("hidden.example"), start);
  CHECK(entry(ledger, "hidden.example").over_https == 0);
  CHECK_FALSE(entry(ledger, "hidden.example").key_over_https);
}

TEST_CASE("Hashes that share a row, and the hash 0, count nothing twice and nothing for another") {
  Ledger ledger(ExposureMode::passive);
  for (int round = 0; round < 3; ++round)
    for (std::uint64_t number = 0; number < 10; ++number)
      ledger.touch(number << 40, name(fmt::format("n{}.example", number)), start);
  CHECK(ledger.names() == 10);
  for (int number = 0; number < 10; ++number) CHECK(entry(ledger, fmt::format("n{}.example", number)).queries == 3);
}

TEST_CASE("Evidence tells state, outer name, origin and age") {
  Ledger ledger(ExposureMode::passive);
  ledger.touch(1, name("www.example"), start);
  ledger.learn(name("www.example"), evidence_of(EchState::ech, "outer.example"), by_client(start + seconds(1)));
  const NameExposure known = entry(ledger, "www.example");
  CHECK(known.state() == EchState::ech);
  CHECK(known.public_name == "outer.example");
  CHECK(known.upstream == "https://dns.example");
  CHECK(known.rdata.size() == 20);
  REQUIRE(known.history.size() == 1);
  CHECK(known.history[0].last == start + seconds(1));
  CHECK(ledger.knows(name("www.example")));
  CHECK(!ledger.knows(name("other.example")));
}

TEST_CASE("A name that a client asked only type 65 for is learned of before it is counted") {
  Ledger ledger(ExposureMode::passive);
  ledger.learn(name("www.example"), evidence_of(EchState::ech), by_client(start));
  CHECK(of(ledger).names.empty());  // not resolved yet
  ledger.touch(1, name("www.example"), start);
  CHECK(entry(ledger, "www.example").state() == EchState::ech);
}

TEST_CASE("Evidence of our own questions is kept for names that clients resolved only") {
  Ledger ledger(ExposureMode::active);
  ledger.learn(name("www.example"), evidence_of(EchState::ech), {EvidenceOrigin::tacet, "u", start});
  CHECK(ledger.names() == 0);
}

TEST_CASE("History shows every switch with its times, and is bounded") {
  Ledger ledger(ExposureMode::passive);
  ledger.touch(1, name("www.example"), start);
  const auto learn = [&](EchState state, int second) {
    ledger.learn(name("www.example"), evidence_of(state), by_client(start + seconds(second)));
  };
  learn(EchState::ech, 1);
  learn(EchState::ech, 2);
  learn(EchState::no_ech, 3);
  learn(EchState::ech, 4);
  auto history = entry(ledger, "www.example").history;
  REQUIRE(history.size() == 3);
  CHECK(history[0].state == EchState::ech);
  CHECK(history[0].first == start + seconds(1));
  CHECK(history[0].last == start + seconds(2));
  CHECK(history[1].state == EchState::no_ech);
  CHECK(history[2].state == EchState::ech);
  for (int second = 5; second < 50; ++second) learn(second % 2 == 0 ? EchState::ech : EchState::no_ech, second);
  history = entry(ledger, "www.example").history;
  CHECK(history.size() == NameExposure::most_sightings);
  CHECK(history.back().last == start + seconds(49));
}

TEST_CASE("What is unknown or malformed never replaces what was known, and is counted") {
  Ledger ledger(ExposureMode::passive);
  ledger.touch(1, name("www.example"), start);
  ledger.learn(name("www.example"), evidence_of(EchState::ech, "outer.example"), by_client(start));
  ledger.learn(name("www.example"), {.malformed = true}, by_client(start + seconds(1)));
  ledger.learn(name("www.example"), {}, by_client(start + seconds(2)));
  CHECK(entry(ledger, "www.example").state() == EchState::ech);
  CHECK(entry(ledger, "www.example").history.back().last == start);
  CHECK(of(ledger).malformed == 1);
}

TEST_CASE("An alias takes its state from its target's evidence, whoever asked for that") {
  Ledger ledger(ExposureMode::passive);
  ledger.touch(1, name("www.example"), start);
  ledger.learn(name("www.example"), pointing_to("Pool.example"), by_client(start));
  CHECK(entry(ledger, "www.example").state() == EchState::unknown);
  CHECK(entry(ledger, "www.example").alias == wire("pool.example"));
  ledger.learn(name("pool.example"), pointing_to("last.example"), {EvidenceOrigin::tacet, "u", start});
  CHECK(entry(ledger, "www.example").alias == wire("last.example"));
  ledger.learn(name("last.example"), evidence_of(EchState::ech, "outer.example"), {EvidenceOrigin::tacet, "u", start});
  CHECK(entry(ledger, "www.example").state() == EchState::ech);
  CHECK(entry(ledger, "www.example").alias.empty());
  ledger.learn(name("last.example"), evidence_of(EchState::no_ech), by_client(start));  // no alias any more
  CHECK(entry(ledger, "www.example").state() == EchState::ech);
}

TEST_CASE("Names are bounded, and the long unseen go first") {
  Ledger ledger(ExposureMode::passive);
  const auto touch = [&](std::size_t number, Instant now) {
    ledger.touch(number * 0x9E3779B97F4A7C15U, name(fmt::format("n{}.example", number)), now);
  };
  for (std::size_t number = 0; number < Ledger::most_names; ++number) touch(number, start);
  for (std::size_t number = 0; number < 64; ++number) touch(number, start + seconds(5000));  // seen lately
  for (std::size_t number = 0; number < 2000; ++number) touch(10000 + number, start + seconds(number));
  CHECK(ledger.names() == Ledger::most_names);
  const Exposure exposure = of(ledger);
  CHECK(exposure.forgotten == 2000);
  for (std::size_t number = 0; number < 64; ++number)
    CHECK(exposure.names.contains(wire(fmt::format("n{}.example", number))));
}

TEST_CASE("A full ledger takes in one name a millisecond, so that a flood of names costs the hot path nothing") {
  Ledger ledger(ExposureMode::passive);
  const auto touch = [&](std::size_t number, Instant now) {
    ledger.touch(number * 0x9E3779B97F4A7C15U, name(fmt::format("n{}.example", number)), now);
  };
  for (std::size_t number = 0; number < Ledger::most_names; ++number) touch(number, start);
  for (std::size_t number = 0; number < 100; ++number) touch(10000 + number, start + seconds(1));
  CHECK(of(ledger).names.contains(wire("n10000.example")));
  CHECK_FALSE(of(ledger).names.contains(wire("n10001.example")));
  touch(10001, start + seconds(1) + Ledger::admission_pace);
  CHECK(of(ledger).names.contains(wire("n10001.example")));
  CHECK(of(ledger).forgotten == 101);
}

TEST_CASE("Octets are bounded, however large names and records are") {
  Ledger ledger(ExposureMode::passive);
  const std::string label(63, 'x');
  for (std::size_t number = 0; number < Ledger::most_names; ++number) {
    const Octets long_name = name(fmt::format("n{}.{}.{}.{}", number, label, label, label));
    ledger.touch(number * 0x9E3779B97F4A7C15U, long_name, start + seconds(number));
    ledger.learn(long_name, evidence_of(EchState::ech, std::string(250, 'o'), NameExposure::largest_record),
                 by_client(start));
    REQUIRE(ledger.octets() <= Ledger::most_names * Ledger::octets_a_name + 2048);
  }
  CHECK(ledger.names() > 500);
  CHECK(ledger.names() < Ledger::most_names);
  ledger.clear();
  CHECK(ledger.names() == 0);
  CHECK(ledger.octets() == 0);
}

TEST_CASE("A record too large to keep is measured only") {
  Ledger ledger(ExposureMode::passive);
  ledger.touch(1, name("www.example"), start);
  ledger.learn(name("www.example"), evidence_of(EchState::no_ech, {}, 60000), by_client(start));
  CHECK(entry(ledger, "www.example").rdata.empty());
  CHECK(entry(ledger, "www.example").rdata_size == 60000);
  CHECK(ledger.octets() < 4096);
}

TEST_CASE("Clearing forgets names, and they come back as new") {
  Ledger ledger(ExposureMode::passive);
  ledger.touch(1, name("www.example"), start);
  ledger.learn(name("www.example"), evidence_of(EchState::ech), by_client(start));
  ledger.clear();
  CHECK(of(ledger).names.empty());
  ledger.touch(2, name("new.example"), start);  // takes the freed entry
  ledger.touch(1, name("www.example"), start);
  CHECK(entry(ledger, "www.example").queries == 1);
  CHECK(entry(ledger, "new.example").queries == 1);
  CHECK(entry(ledger, "www.example").state() == EchState::unknown);
}

TEST_CASE("With mode off nothing is kept and nothing is asked for") {
  Ledger ledger(ExposureMode::off);
  ledger.touch(1, name("www.example"), start);
  ledger.learn(name("www.example"), evidence_of(EchState::ech), by_client(start));
  CHECK(!ledger.keeps_names());
  CHECK(ledger.names() == 0);
  CHECK(ledger.octets() == 0);
  CHECK(!ledger.wants_evidence(name("www.example"), start));
  ledger.clear();
  CHECK(of(ledger).names.empty());
}

TEST_CASE("Only active mode wants evidence: for a resolved name of which nothing is known, once a day") {
  Ledger passive(ExposureMode::passive);
  passive.touch(1, name("www.example"), start);
  CHECK(!passive.wants_evidence(name("www.example"), start));

  Ledger ledger(ExposureMode::active);
  CHECK(!ledger.wants_evidence(name("www.example"), start));
  ledger.touch(1, name("www.example"), start);
  CHECK(ledger.wants_evidence(name("www.example"), start));
  CHECK(!ledger.wants_evidence(name("www.example"), start + hours(23)));
  CHECK(ledger.wants_evidence(name("www.example"), start + hours(25)));
  ledger.learn(name("www.example"), evidence_of(EchState::no_ech), by_client(start + hours(25)));
  CHECK(!ledger.wants_evidence(name("www.example"), start + hours(100)));
}

TEST_CASE("Endpoints count connections, resumptions and padded answers") {
  Ledger ledger(ExposureMode::off);  // they are no names
  ConnectionFacts facts{.address = "192.0.2.1:853", .sni = "dns.example"};
  ledger.connected("tls://dns.example", facts, start);
  facts.resumed = true;
  ledger.connected("tls://dns.example", facts, start + seconds(1));
  const auto answer = [&](std::string upstream, std::string server, bool padded) {
    ledger.answered({.upstream = std::move(upstream),
                     .facts = std::make_shared<const ConnectionFacts>(ConnectionFacts{.address = std::move(server)})},
                    padded, start + seconds(2));
  };
  answer("tls://dns.example", "192.0.2.1:853", true);
  answer("tls://dns.example#2", "192.0.2.1:853", false);  // the second connection of the same upstream
  answer("tls://dns.example", "192.0.2.2:853", true);     // never connected
  ledger.answered({.upstream = "tls://dns.example"}, true, start);
  const auto endpoints = of(ledger).endpoints;
  REQUIRE(endpoints.size() == 1);
  CHECK(endpoints[0].connections == 2);
  CHECK(endpoints[0].resumptions == 1);
  CHECK(endpoints[0].answers == 2);
  CHECK(endpoints[0].padded == 1);
  CHECK(endpoints[0].last_use == start + seconds(2));
  for (int number = 0; number < 200; ++number)
    ledger.connected("tls://dns.example", {.address = fmt::format("192.0.2.{}:853", number)}, start + seconds(number));
  CHECK(of(ledger).endpoints.size() == Ledger::most_endpoints);
}

TEST_CASE("Another mode counts at once: off forgets every name, active asks by itself") {
  Ledger ledger(ExposureMode::passive);
  const std::array<std::uint8_t, 9> name{7, 'e', 'x', 'a', 'm', 'p', 'l', 'e', 0};
  ledger.touch(1, name, start);
  CHECK(!ledger.wants_evidence(name, start));
  ledger.use(ExposureMode::active);
  CHECK(ledger.names() == 1);
  CHECK(ledger.wants_evidence(name, start));
  ledger.use(ExposureMode::off);
  CHECK(ledger.names() == 0);
  ledger.touch(1, name, start);
  CHECK(of(ledger).names.empty());
  ledger.use(ExposureMode::passive);
  ledger.touch(1, name, start);
  CHECK(ledger.names() == 1);
  Ledger late(ExposureMode::off);
  late.use(ExposureMode::passive);
  late.touch(1, name, start);
  CHECK(late.names() == 1);
}

TEST_CASE("The number of names may be another, and may change: then it begins anew") {
  Ledger ledger(ExposureMode::passive, 16);
  const auto touch_all = [&](Instant now) {
    for (std::size_t number = 0; number < 100; ++number)
      ledger.touch(number * 0x9E3779B97F4A7C15U, name(fmt::format("n{}.example", number)), now + seconds(number));
  };
  touch_all(start);
  CHECK(ledger.names() == 16);
  ledger.use(ExposureMode::passive, 16);
  CHECK(ledger.names() == 16);
  ledger.use(ExposureMode::passive, 40);
  CHECK(ledger.names() == 0);
  CHECK(ledger.octets() == 0);
  touch_all(start + seconds(1000));
  CHECK(ledger.names() == 40);
  ledger.use(ExposureMode::off, 16);
  ledger.use(ExposureMode::passive, 16);
  touch_all(start + seconds(2000));
  CHECK(ledger.names() == 16);
}

TEST_CASE("The last questions without an answer are kept, each once, and forgotten with the names") {
  Ledger ledger(ExposureMode::passive);
  const auto fail = [&](std::string_view text, int second, const char* why = "SERVFAIL") {
    ledger.failed({.name = wire(text), .type = Type::a, .why = why, .last = start + seconds(second)});
  };
  fail("first.example", 0);
  fail("broken.example", 1);
  fail("broken.example", 2, "REFUSED");
  REQUIRE(of(ledger).failures.size() == 2);
  CHECK(of(ledger).failures[1].times == 2);
  CHECK(of(ledger).failures[1].why == "REFUSED");
  for (int i = 0; i < 31; ++i) fail(fmt::format("n{}.example", i), 10 + i);
  const auto last = of(ledger).failures;
  CHECK(last.size() == Ledger::most_failures);
  CHECK(std::ranges::none_of(last, [](const auto& each) { return each.name == wire("first.example"); }));

  Exposure both;
  ledger.add_to(both);
  ledger.add_to(both);  // as if another worker knew the same
  CHECK(both.failures.size() == Ledger::most_failures);
  CHECK(both.failures.back().times == 2 * last.back().times);

  ledger.clear();
  CHECK(of(ledger).failures.empty());
  ledger.use(ExposureMode::off);
  fail("first.example", 0);
  CHECK(of(ledger).failures.empty());
}
