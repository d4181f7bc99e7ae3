#include "dnssec/judge.hpp"

#include <doctest/doctest.h>

#include "unit/dnssec/denial_chain.hpp"
#include "unit/dnssec/signed_world.hpp"

using namespace tacet;
using namespace tacet::fixture;

namespace {

constexpr unsigned nxdomain = 3;

const Question www = ask("www.example.test");
Records www_a(const SignedWorld& world, const Signing& how = {}) {
  return world.example.sign({"www.example.test. 300 A 192.0.2.1", "www.example.test. 300 A 192.0.2.7"}, how);
}

}  // namespace

TEST_CASE("An answer with a chain of signatures from the anchor is secure") {
  SignedWorld world;
  world.teach();
  const Judgement judgement = world.verdict({www, 0, www_a(world)});
  CHECK(judgement.status == SecurityStatus::secure);
  CHECK(!judgement.why);
  CHECK(judgement.ttl == 300);
  REQUIRE(judgement.rrsets.size() == 1);
  CHECK(judgement.rrsets[0].zone == named("example.test"));
  CHECK(judgement.rrsets[0].key_tag == world.example.key().tag());
  CHECK(world.budget.verifications == 23);
}

TEST_CASE("Everything that is missing for a signed answer is named at once, from the top down") {
  SignedWorld world;
  const Packet packet{www, 0, www_a(world)};
  CHECK(world.needs(packet) == ". DNSKEY, test. DS, test. DNSKEY, example.test. DS, example.test. DNSKEY");
  world.learn(world.root_keys());
  world.learn(world.ds_of(world.tld, world.root));
  world.learn(world.keys_of(world.tld));
  CHECK(world.needs(packet) == "example.test. DS, example.test. DNSKEY");
  CHECK(world.outcome(world.ds_of(world.example, world.tld)) == Learned::Outcome::proven);
  CHECK(world.needs(packet) == "example.test. DNSKEY");
  CHECK(world.outcome(world.keys_of(world.example)) == Learned::Outcome::proven);
  CHECK(world.verdict(packet).status == SecurityStatus::secure);
}

TEST_CASE("Answers may be learned in any order: each says what it needs first") {
  SignedWorld world;
  const auto needs = [&](const Packet& packet) { return SignedWorld::spelled(std::get<Needs>(world.learn(packet))); };
  CHECK(needs(world.keys_of(world.example)) == ". DNSKEY, test. DS, test. DNSKEY, example.test. DS");
  CHECK(needs(world.ds_of(world.tld, world.root)) == ". DNSKEY");
  world.learn(world.root_keys());
  CHECK(needs(world.keys_of(world.tld)) == "test. DS");
  CHECK(world.outcome(world.ds_of(world.tld, world.root)) == Learned::Outcome::proven);
  CHECK(needs(world.ds_of(world.example, world.tld)) == "test. DNSKEY");
}

TEST_CASE("An unsigned answer below a delegation that is proven to be unsigned is insecure") {
  SignedWorld world;
  const Packet packet{ask("a.plain.test"), 0, records_from({"a.plain.test. 300 A 192.0.2.1"})};
  CHECK(world.needs(packet) == ". DNSKEY, test. DS, test. DNSKEY, plain.test. DS, a.plain.test. DS");
  world.teach();
  const Judgement judgement = world.verdict(packet);
  CHECK(judgement.status == SecurityStatus::insecure);
  CHECK(judgement.rrsets[0].zone == named("plain.test"));
  CHECK(world.verdict({ask("nothing.plain.test"), nxdomain}).status == SecurityStatus::insecure);
}

TEST_CASE(
    "The denial of a delegation's DS records beside an answer without records needs no question (RFC 4035 §5.2)") {
  for (const bool hashed : {false, true}) {
    CAPTURE(hashed);
    const auto denial = [&](SignedWorld& world, const char* types) {
      const Owners owners{{"example.test.", "NS SOA"}, {"sub.example.test.", types}};
      return signed_each(world.example, hashed ? nsec3_chain("example.test", owners) : nsec_chain(owners));
    };
    SignedWorld world;
    world.teach();
    const Records alias = world.example.sign({"www.example.test. 300 CNAME a.sub.example.test."});
    CHECK(world.verdict({www, 0, alias, denial(world, "NS")}).status == SecurityStatus::insecure);
    CHECK(world.verdict({ask("sub.example.test"), 0, {}, denial(world, "NS")}).status == SecurityStatus::insecure);
    for (const char* types : {"NS DS", "NS SOA", "A"})
      CHECK(world.needs({www, 0, alias, denial(world, types)}).starts_with("sub.example.test. DS"));
    const Records with_soa = world.example.soa() + denial(world, "NS");
    CHECK(world.verdict({www, 0, alias, with_soa}).status == SecurityStatus::bogus);
  }
}

TEST_CASE("An answer of one name in a zone that is known to be unsigned needs no examination; any other one does") {
  SignedWorld world;
  const auto at_once = [&](const Packet& packet) {
    const auto judgement = judge_unsigned(packet.message(), world.table, noon);
    return judgement ? std::optional(judgement->status) : std::nullopt;
  };
  const Packet plain{ask("a.plain.test"), 0, records_from({"a.plain.test. 300 A 192.0.2.1"})};
  CHECK(!at_once(plain));
  world.teach();
  CHECK(at_once(plain) == SecurityStatus::insecure);
  CHECK(at_once({ask("nothing.plain.test"), nxdomain}) == SecurityStatus::insecure);
  CHECK(!at_once({ask("a.plain.test"), 2}));
  CHECK(!at_once({ask("plain.test", Type::ds), 0}));  // the zone above, which is signed, answers this
  CHECK(!at_once({www, 0, www_a(world)}));
  CHECK(!at_once({ask("a.plain.test"), 0, records_from({"www.example.test. 300 A 192.0.2.1"})}));
  CHECK(!at_once({ask("a.plain.test"), 0, records_from({"a.plain.test. 300 CNAME www.example.test."})}));
}

TEST_CASE("An unsigned answer of a signed zone is bogus once no zone cut can explain it") {
  SignedWorld world;
  world.teach();
  const Packet packet{www, 0, records_from({"www.example.test. 300 A 192.0.2.66"})};
  CHECK(world.needs(packet) == "www.example.test. DS");
  const Packet no_ds{
      ask("www.example.test", Type::ds),
      0,
      {},
      world.example.soa() + world.example.sign({"www.example.test. 300 NSEC x.example.test. A RRSIG NSEC"})};
  CHECK(world.outcome(no_ds) == Learned::Outcome::proven);
  const Judgement judgement = world.verdict(packet);
  CHECK(judgement.status == SecurityStatus::bogus);
  CHECK(judgement.why->code == ede::rrsigs_missing);
  CHECK(judgement.why->text == "www.example.test A, zone example.test: it has no signature");
}

TEST_CASE("A signature counts in its time, with a tenth of its life for wrong clocks") {
  SignedWorld world;
  world.teach();
  const auto at = [&](Duration begins, Duration ends) {
    return world.verdict(
        {www, 0, www_a(world, {.inception = seconds(noon + begins), .expiration = seconds(noon + ends)})});
  };
  using std::chrono::days, std::chrono::hours, std::chrono::minutes;
  CHECK(at(-days(1), days(1)).status == SecurityStatus::secure);
  CHECK(at(-days(20), -hours(23)).status == SecurityStatus::secure);  // a life of 19 days: a day at most
  CHECK(at(-days(20), -hours(25)).why->code == ede::signature_expired);
  CHECK(at(-hours(3), -minutes(59)).status == SecurityStatus::secure);  // an hour at least
  CHECK(at(-hours(3), -minutes(61)).why->code == ede::signature_expired);
  CHECK(at(minutes(59), hours(3)).status == SecurityStatus::secure);
  CHECK(at(minutes(61), hours(3)).why->code == ede::signature_not_yet_valid);
  CHECK(at(hours(1), -hours(1)).why->code == ede::dnssec_bogus);
  CHECK(at(-days(20), -hours(25)).why->text ==
        "www.example.test A, zone example.test: its signature ended 2026-11-30 11:00 UTC");
}

TEST_CASE("Without a clock everything but the dates is checked, and the verdict says so") {
  SignedWorld world;
  world.now = WallTime{};
  world.teach();
  const Judgement judgement = world.verdict({www, 0, www_a(world)});
  CHECK(judgement.status == SecurityStatus::secure);
  CHECK(judgement.why->code == ede::other);
  CHECK(world.verdict({www, 0, www_a(world, {.wrong = true})}).status == SecurityStatus::bogus);
}

TEST_CASE("A verdict holds no longer than the original TTL and the signature") {
  SignedWorld world;
  world.teach();
  CHECK(world.verdict({www, 0, www_a(world, {.original_ttl = 60})}).ttl == 60);
  CHECK(world.verdict({www, 0, www_a(world, {.expiration = seconds(noon) + 100})}).ttl == 100);
  CHECK(world.verdict({www, 0, www_a(world, {.expiration = seconds(noon) - 100})}).ttl == 60);
}

TEST_CASE("Without any anchor an answer is indeterminate") {
  SignedWorld world;
  world.table.configure({}, {});
  CHECK(world.verdict({www, 0, www_a(world)}).status == SecurityStatus::indeterminate);
  CHECK(world.verdict({www, nxdomain}).status == SecurityStatus::indeterminate);
}

TEST_CASE("An RCODE that says nothing about the name is indeterminate") {
  SignedWorld world;
  world.teach();
  CHECK(world.verdict({www, 2}).status == SecurityStatus::indeterminate);
  CHECK(world.verdict({www, 5, www_a(world)}).status == SecurityStatus::indeterminate);
}

TEST_CASE("A costly answer pauses, so that no turn of the loop gets long, and goes on where it stopped") {
  SignedWorld world("test", SigningKey(14));
  world.teach();
  Records chain;
  for (int link = 0; link < 6; ++link) {
    const auto name = [](int number) { return "l" + std::to_string(number) + ".example.test. "; };
    chain = chain + world.example.sign({name(link) + "300 CNAME " + name(link + 1)});
  }
  const Message message =
      Packet{ask("l0.example.test"), 0, chain + world.example.sign({"l6.example.test. 300 A 192.0.2.1"})}.message();
  ProofBudget budget;
  int turns = 0;
  for (;; ++turns) {
    budget.turn = ProofBudget::turn_length;
    const int before = budget.verifications;
    const auto finding = judge(message, world.table, noon, budget);
    CHECK(before - budget.verifications == 1);
    if (const Judgement* judgement = std::get_if<Judgement>(&finding)) {
      CHECK(judgement->status == SecurityStatus::secure);
      break;
    }
    REQUIRE(std::get<Needs>(finding).paused);
    REQUIRE(std::get<Needs>(finding).questions.empty());
    REQUIRE(turns < 10);
  }
  CHECK(turns == 6);
}

TEST_CASE("Denials and keys pause too, and a budget that is spent is bogus") {
  SignedWorld world("test", SigningKey(14));
  world.teach();
  const Message message =
      Packet{ask("b.example.test"),
             nxdomain,
             {},
             world.example.soa() + world.example.sign({"example.test. 300 NSEC c.example.test. SOA NS RRSIG NSEC"})}
          .message();
  ProofBudget budget;
  budget.turn = ProofBudget::turn_length;
  CHECK(std::get<Needs>(judge(message, world.table, noon, budget)).paused);
  budget.turn = ProofBudget::turn_length;
  CHECK(std::get<Judgement>(judge(message, world.table, noon, budget)).status == SecurityStatus::secure);
  budget.turn = 0;
  world.table.forget();
  CHECK(std::get<Needs>(learn(world.root_keys().message(), world.table, noon, budget)).paused);
  world.teach();
  ProofBudget spent{.verifications = 0};
  const auto finding = judge(Packet{www, 0, www_a(world)}.message(), world.table, noon, spent);
  CHECK(std::get<Judgement>(finding).why->text ==
        "www.example.test A, zone example.test: it would cost too much to verify");
  ProofBudget small{.signed_octets = 10};
  CHECK(std::get<Judgement>(judge(Packet{www, 0, www_a(world)}.message(), world.table, noon, small)).status ==
        SecurityStatus::bogus);
}

TEST_CASE("A name of many labels asks for a bounded number of things at once, the upper ones first") {
  SignedWorld world;
  world.teach();
  std::string deep;
  for (int label = 0; label < 60; ++label) deep += "a.";
  const auto finding =
      world.judge({ask(deep + "example.test"), 0, records_from({deep + "example.test. 300 A 192.0.2.1"})});
  const auto& questions = std::get<Needs>(finding).questions;
  CHECK(questions.size() == 16);
  CHECK(questions[0].name == named("a.example.test"));
  CHECK(foreseen(ask(deep + "example.test"), world.table, noon).questions.size() == 16);
}

TEST_CASE("Hashes of names have a bound in what SHA-1 reads, because a long salt makes each five times as long") {
  ProofBudget budget;
  for (int names = 0; names < 64; ++names) CHECK(budget.take_hash(1 + ProofBudget::insecure_iterations));
  CHECK(!budget.take_hash(1));
  CHECK(budget.beside > 300);  // microseconds, which the turn pays for
  CHECK(budget.beside < 500);
}
