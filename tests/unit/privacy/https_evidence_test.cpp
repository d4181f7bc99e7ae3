#include "privacy/https_evidence.hpp"

#include <doctest/doctest.h>

#include <random>

#include "unit/privacy/evidence_fixture.hpp"

using namespace tacet;
using namespace tacet::fixture;

namespace {

HttpsEvidence read(const std::vector<Answer>& answers, unsigned flags = 0x8180) {
  return read_https_evidence(https_answer("www.example", answers, flags));
}

}  // namespace

TEST_CASE("A record with an ECH configuration counts as ech and tells the outer name") {
  const HttpsEvidence evidence = read({{"www.example", Type::https, with_ech("outer.example")}});
  CHECK(evidence.state == EchState::ech);
  CHECK(evidence.public_name == "outer.example");
  CHECK(evidence.owner == named("www.example"));
  CHECK(evidence.rdata == with_ech("outer.example"));
  CHECK(!evidence.malformed);
}

TEST_CASE("A record without ECH counts as no ech, and none at all as no https record") {
  CHECK(read({{"www.example", Type::https, without_ech()}}).state == EchState::no_ech);
  CHECK(read({}).state == EchState::no_https);
  CHECK(read({}, 0x8183).state == EchState::no_https);  // NXDOMAIN
  CHECK(read({}).rdata.empty());
}

TEST_CASE("One record without ECH among several is enough for a client to show the name") {
  const HttpsEvidence evidence =
      read({{"www.example", Type::https, with_ech("outer.example", 1)}, {"www.example", Type::https, without_ech(2)}});
  CHECK(evidence.state == EchState::no_ech);
  CHECK(evidence.public_name.empty());
  const HttpsEvidence both = read({{"www.example", Type::https, with_ech("second.example", 2)},
                                   {"www.example", Type::https, with_ech("first.example", 1)}});
  CHECK(both.state == EchState::ech);
  CHECK(both.public_name == "first.example");
  CHECK(both.rdata == with_ech("first.example", 1));
}

TEST_CASE("CNAMEs lead to the record that counts") {
  const HttpsEvidence evidence = read({{"www.example", Type::cname, name("a.cdn.example")},
                                       {"a.cdn.example", Type::cname, name("b.cdn.example")},
                                       {"b.cdn.example", Type::https, with_ech("outer.example")},
                                       {"other.example", Type::https, without_ech()}});
  CHECK(evidence.state == EchState::ech);
  CHECK(evidence.owner == named("b.cdn.example"));
  CHECK(read({{"www.example", Type::cname, name("b.cdn.example")}}).state == EchState::no_https);
}

TEST_CASE("An alias is followed inside the message, and named where the message ends") {
  CHECK(read({{"www.example", Type::https, alias_to("pool.example")},
              {"pool.example", Type::https, with_ech("outer.example")}})
            .state == EchState::ech);
  const HttpsEvidence open = read({{"www.example", Type::https, alias_to("pool.example")}});
  CHECK(open.state == EchState::unknown);
  CHECK(!open.malformed);
  CHECK(open.alias == named("pool.example"));
  CHECK(read({{"www.example", Type::https, alias_to("")}}).state == EchState::no_https);
  // An alias among service records takes precedence.
  CHECK(read({{"www.example", Type::https, without_ech()}, {"www.example", Type::https, alias_to("pool.example")}})
            .alias == named("pool.example"));
}

TEST_CASE("Aliases and CNAMEs without end are malformed, not followed for ever") {
  const HttpsEvidence loop =
      read({{"www.example", Type::https, alias_to("b.example")}, {"b.example", Type::https, alias_to("www.example")}});
  CHECK(loop.state == EchState::unknown);
  CHECK(loop.malformed);
  CHECK(!loop.alias);
  CHECK(
      read({{"www.example", Type::cname, name("b.example")}, {"b.example", Type::cname, name("www.example")}}).state ==
      EchState::no_https);
}

TEST_CASE("What cannot be used leaves the state unknown") {
  const Octets no_config = u16(1) + name("") + tlv(5, {});
  const Octets other_version = u16(1) + name("") + tlv(5, ech_config_list("outer.example", 0xFE0A));
  const Octets bad_mandatory = u16(1) + name("") + tlv(0, {0, 5});
  for (const Octets& rdata : {no_config, other_version, bad_mandatory}) {
    const HttpsEvidence evidence = read({{"www.example", Type::https, rdata}});
    CHECK(evidence.state == EchState::unknown);
    CHECK(evidence.malformed);
    CHECK(evidence.public_name.empty());
  }
  for (const unsigned flags : {0x8182U, 0x8185U, 0x8380U}) {  // SERVFAIL, REFUSED, TC
    const HttpsEvidence evidence = read({{"www.example", Type::https, with_ech("outer.example")}}, flags);
    CHECK(evidence.state == EchState::unknown);
    CHECK(!evidence.malformed);
  }
  CHECK(read_https_evidence({}).malformed);
  CHECK(read(std::vector<Answer>(200, {"www.example", Type::https, without_ech()})).malformed);
}

TEST_CASE("Spoiled answers are judged without reading past their end, and never become ech out of nothing") {
  std::mt19937 random(65);
  const Octets good = https_answer("www.example", {{"www.example", Type::https, without_ech()},
                                                   {"pool.example", Type::https, alias_to("www.example")}});
  for (int round = 0; round < 20000; ++round) {
    Octets spoiled(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(1 + random() % good.size()));
    spoiled[random() % spoiled.size()] = static_cast<std::uint8_t>(random());
    CHECK(read_https_evidence(spoiled).state != EchState::ech);
  }
}
