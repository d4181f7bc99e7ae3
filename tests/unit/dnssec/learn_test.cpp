#include "dnssec/learn.hpp"

#include <doctest/doctest.h>

#include "unit/dnssec/denial_chain.hpp"
#include "unit/dnssec/signed_world.hpp"

using namespace tacet;
using namespace tacet::fixture;
using Outcome = Learned::Outcome;

namespace {

/// The root and "test" are known.
struct HalfKnown : SignedWorld {
  explicit HalfKnown(SigningKey key = SigningKey()) : SignedWorld("test", std::move(key)) {
    learn(root_keys());
    learn(ds_of(tld, root));
    learn(keys_of(tld));
  }
  const ProvenZone* known(std::string_view zone) { return table.find(named(zone), now); }
};

const Question www = ask("www.example.test");
const Question example_ds = ask("example.test", Type::ds);
Records www_a(const SignedZone& zone) { return zone.sign({"www.example.test. 300 A 192.0.2.1"}); }

}  // namespace

TEST_CASE("Each algorithm of RFC 9904 makes a zone secure") {
  for (const unsigned algorithm : {8U, 10U, 13U, 14U, 15U, 16U}) {
    CAPTURE(algorithm);
    HalfKnown world{SigningKey(algorithm)};
    CHECK(world.outcome(world.ds_of(world.example, world.tld)) == Outcome::proven);
    CHECK(world.outcome(world.keys_of(world.example)) == Outcome::proven);
    CHECK(world.known("example.test")->keys.size() == 1);
    for (int round = 0; round < 3; ++round)
      CHECK(world.verdict({www, 0, www_a(world.example)}).status == SecurityStatus::secure);
    CHECK(world.verdict({www, 0, world.example.sign({"www.example.test. 300 A 192.0.2.1"}, {.wrong = true})}).status ==
          SecurityStatus::bogus);
    CHECK(world.verdict({www, 0, www_a(world.example)}).status == SecurityStatus::secure);
  }
}

TEST_CASE("A zone with old or unknown algorithms only counts as unsigned, and the reason is told") {
  for (const unsigned algorithm : {5U, 7U}) {
    HalfKnown world{SigningKey(algorithm)};
    CHECK(world.outcome(world.ds_of(world.example, world.tld)) == Outcome::proven);
    const Judgement judgement = world.verdict({www, 0, www_a(world.example)});
    CHECK(judgement.status == SecurityStatus::insecure);
    CHECK(judgement.why->code == ede::unsupported_dnskey_algorithm);
    CHECK(world.outcome(world.keys_of(world.example)) == Outcome::needless);
  }
  HalfKnown world;
  const auto unknown_algorithm =
      world.tld.sign({"example.test. 300 DS 1 200 2 B6DCD485719ADCA18E5F3D48A2331627FDD3636BB6DCD485719ADCA18E5F3D48"});
  CHECK(world.outcome({example_ds, 0, unknown_algorithm}) == Outcome::proven);
  CHECK(world.verdict({www, 0}).why->code == ede::unsupported_dnskey_algorithm);
  HalfKnown other;
  CHECK(other.outcome({example_ds, 0, other.tld.sign({"example.test. 300 DS 1 13 3 B6DCD485"})}) == Outcome::proven);
  CHECK(other.verdict({www, 0}).status == SecurityStatus::insecure);
  CHECK(other.verdict({www, 0}).why->code == ede::unsupported_ds_digest);
}

TEST_CASE("Of a zone's DS records those count that can be used, and SHA-1 only if it is alone") {
  const auto outcome_with = [](unsigned digest_type, bool beside_newer) {
    HalfKnown world;
    Records ds{world.example.ds(digest_type)};
    if (beside_newer)
      ds = ds + records_from(
                    {"example.test. 3600 DS 1 13 2 B6DCD485719ADCA18E5F3D48A2331627FDD3636BB6DCD485719ADCA18E5F3D48"});
    CHECK(world.outcome({example_ds, 0, world.tld.sign(ds)}) == Outcome::proven);
    return world.outcome(world.keys_of(world.example));
  };
  CHECK(outcome_with(1, false) == Outcome::proven);
  CHECK(outcome_with(2, true) == Outcome::proven);
  CHECK(outcome_with(4, true) == Outcome::proven);
  CHECK(outcome_with(1, true) == Outcome::bogus);
}

TEST_CASE("A key-signing key opens the zone for the key that signs its records") {
  HalfKnown world;
  const SigningKey zone_signing(15, 256);
  const SigningKey entry = world.example.key();
  Records keys =
      world.example.dnskey_records() + Records{{name("example.test"), Type::dnskey, 3600, zone_signing.rdata()}};
  world.learn(world.ds_of(world.example, world.tld));
  CHECK(world.outcome({ask("example.test", Type::dnskey), 0, world.example.sign_with(entry, keys)}) == Outcome::proven);
  CHECK(world.known("example.test")->keys.size() == 2);
  const Records a = records_from({"www.example.test. 300 A 192.0.2.1"});
  CHECK(world.verdict({www, 0, world.example.sign_with(zone_signing, a)}).status == SecurityStatus::secure);
  CHECK(world.verdict({www, 0, world.example.sign_with(SigningKey(15, 256), a)}).why->code == ede::dnskey_missing);
}

TEST_CASE("Both signatures of a roll are tried") {
  HalfKnown world;
  world.learn(world.ds_of(world.example, world.tld));
  world.learn(world.keys_of(world.example));
  const Records a = records_from({"www.example.test. 300 A 192.0.2.1"});
  const SigningKey old(13, 256);
  Records both = a;
  both.push_back(world.example.signature(old, a));
  both.push_back(world.example.signature(world.example.key(), a));
  CHECK(world.verdict({www, 0, both}).status == SecurityStatus::secure);
}

TEST_CASE("Keys with expired, early or missing signatures open no zone") {
  HalfKnown world;
  world.learn(world.ds_of(world.example, world.tld));
  const Question asked = ask("example.test", Type::dnskey);
  const auto learned = [&](const Packet& packet) { return std::get<Learned>(world.learn(packet)); };
  const std::uint32_t today = seconds(noon), days = 86400;
  CHECK(learned({asked, 0, world.example.dnskey({.inception = today - 20 * days, .expiration = today - 10 * days})})
            .why->code == ede::signature_expired);
  CHECK(learned({asked, 0, world.example.dnskey({.inception = today + 10 * days, .expiration = today + 20 * days})})
            .why->code == ede::signature_not_yet_valid);
  CHECK(learned({asked, 0}).why->code == ede::dnskey_missing);
  CHECK(learned({asked, 0, world.example.dnskey_records()}).why->code == ede::rrsigs_missing);
  CHECK(learned({asked, 2}).outcome == Outcome::missing);
  CHECK(world.known("example.test")->state == ZoneState::delegated);
}

TEST_CASE("A key of the right tag that cannot be used is told") {
  HalfKnown world;
  const Octets rdata = Octets{1, 1, 3, 13} + Octets(64, 7);  // no point of the curve
  const Octets owner = name("example.test");
  Octets digest(32);
  std::size_t size = 0;
  EVP_Q_digest(nullptr, "SHA256", nullptr, (owner + rdata).data(), owner.size() + rdata.size(), digest.data(), &size);
  const Record ds{owner, Type::ds, 300, u16(SigningKey::tag_of(rdata)) + Octets{13, 2} + digest};
  CHECK(world.outcome({example_ds, 0, world.tld.sign({ds})}) == Outcome::proven);
  const auto learned = std::get<Learned>(
      world.learn({ask("example.test", Type::dnskey), 0, world.example.sign({{owner, Type::dnskey, 300, rdata}})}));
  CHECK(learned.outcome == Outcome::bogus);
  CHECK(learned.why->code == ede::unsupported_dnskey_algorithm);
}

TEST_CASE("A name where no zone begins is learned from its denial, with NSEC and with NSEC3") {
  HalfKnown world;
  const auto denied = [&](const char* zone, const Records& denial) {
    CHECK(world.outcome({ask(zone, Type::ds), 0, {}, world.tld.soa() + denial}) == Outcome::proven);
    return world.known(zone)->state;
  };
  CHECK(denied("host.test", world.tld.sign({"host.test. 300 NSEC i.test. A RRSIG NSEC"})) == ZoneState::no_cut);
  CHECK(denied("ent.test", world.tld.sign({"e.test. 300 NSEC a.ent.test. A RRSIG NSEC"})) == ZoneState::no_cut);
  CHECK(denied("absent.test", world.tld.sign({"test. 300 NSEC b.test. SOA NS RRSIG NSEC"})) == ZoneState::no_cut);
  const Owners owners{{"test.", "NS SOA RRSIG"}, {"host3.test.", "A RRSIG"}, {"cut3.test.", "NS"}, {"ent3.test.", ""}};
  const Records chain = signed_each(world.tld, nsec3_chain("test", owners));
  CHECK(denied("host3.test", chain) == ZoneState::no_cut);
  CHECK(denied("ent3.test", chain) == ZoneState::no_cut);
  CHECK(denied("cut3.test", chain) == ZoneState::insecure);
  CHECK(denied("absent3.test", chain) == ZoneState::no_cut);
  CHECK(denied("span.test", signed_each(world.tld, nsec3_chain("test", owners, {.flags = 1}))) == ZoneState::insecure);
  CHECK(denied("many.test", signed_each(world.tld, nsec3_chain("test", owners, {.iterations = 100}))) ==
        ZoneState::insecure);
  CHECK(world.known("many.test")->why->code == ede::unsupported_nsec3_iterations);
  CHECK(world.outcome({ask("more.test", Type::ds),
                       0,
                       {},
                       signed_each(world.tld, nsec3_chain("test", owners, {.iterations = 600}))}) == Outcome::bogus);
}

TEST_CASE("A delegation within an unsigned zone need not be learned, and one above it comes first") {
  HalfKnown world;
  const Packet deeper{ask("sub.plain.test", Type::ds), 0};
  CHECK(SignedWorld::spelled(std::get<Needs>(world.learn(deeper))) == "plain.test. DS");
  CHECK(world.outcome(world.no_ds_of_plain()) == Outcome::proven);
  CHECK(world.outcome(deeper) == Outcome::needless);
  CHECK(world.outcome({ask("sub.plain.test", Type::dnskey), 0}) == Outcome::needless);
  CHECK(world.outcome({ask(".", Type::ds), 0}) == Outcome::needless);
  CHECK(world.outcome({ask("a.test"), 0}) == Outcome::needless);
  CHECK(world.outcome(world.no_ds_of_plain()) == Outcome::needless);  // known already
}

TEST_CASE("What was learned ends with its TTL, with its signature, and with what proved it") {
  HalfKnown world;
  world.learn({example_ds, 0, world.tld.sign({world.example.ds()}, {.expiration = seconds(noon) + 1000})});
  CHECK(world.known("example.test")->ends == noon + std::chrono::seconds(1000));
  world.learn(world.keys_of(world.example));
  CHECK(world.known("example.test")->state == ZoneState::keyed);
  CHECK(world.known("example.test")->ends == noon + std::chrono::seconds(1000));
  world.now = noon + std::chrono::seconds(1000);
  CHECK(world.known("example.test") == nullptr);
  HalfKnown brief;
  brief.learn({example_ds, 0, brief.tld.sign(Records{{name("example.test"), Type::ds, 0, brief.example.ds().rdata}})});
  CHECK(brief.known("example.test")->ends == noon + ZoneTable::shortest);
  brief.learn(brief.no_ds_of_plain());
  CHECK(brief.known("plain.test")->ends == noon + std::chrono::seconds(300));
}

TEST_CASE("A DS record that a wildcard made is no delegation") {
  HalfKnown world;
  const Records ds = world.tld.expand("test", "w.test", {world.example.ds()});
  CHECK(world.outcome({ask("w.test", Type::ds), 0, ds, world.tld.sign({"v.test. 300 NSEC z.test. A RRSIG NSEC"})}) ==
        Outcome::needless);
  CHECK(world.known("w.test") == nullptr);
}

TEST_CASE("What will be needed is foreseen from the question alone") {
  SignedWorld world;
  const auto seen = [&](const Question& question) {
    return SignedWorld::spelled(foreseen(question, world.table, world.now));
  };
  CHECK(seen(www) == ". DNSKEY, test. DS, test. DNSKEY, example.test. DS, www.example.test. DS");
  world.teach();
  CHECK(seen(www) == "www.example.test. DS");
  CHECK(seen(ask("new.test")) == "new.test. DS");
  CHECK(seen(ask("new.test", Type::ds)) == "");
  CHECK(seen(ask("a.plain.test")) == "");
  world.table.configure({}, {});
  CHECK(seen(www) == "");
}

TEST_CASE(
    "An alias without its signature where DS records are asked for: the alias alone shows that no zone begins there") {
  fixture::SignedWorld world;
  world.teach();
  const Records alias = records_from({"www.example.test. 300 CNAME web.example.test."});
  const auto lacking = world.learn({ask("www.example.test", Type::ds), 0, alias});
  REQUIRE(std::holds_alternative<Learned>(lacking));
  CHECK(std::get<Learned>(lacking).outcome == Outcome::unsigned_alias);
  CHECK(std::get<Learned>(lacking).why->code == ede::rrsigs_missing);
  CHECK(world.outcome({ask("www.example.test", Type::cname), 0, world.example.sign(alias)}) == Outcome::proven);
  const ProvenZone* fact = world.table.find(named("www.example.test"), world.now);
  REQUIRE(fact != nullptr);
  CHECK(fact->state == ZoneState::no_cut);
}
