#include <doctest/doctest.h>

#include "unit/dnssec/denial_chain.hpp"
#include "unit/dnssec/known_world.hpp"

/// What real validators once accepted, each with its packet.
using namespace tacet;
using namespace tacet::fixture;

namespace {

const Records www_a = records_from({"www.example.test. 300 A 192.0.2.66"});

}  // namespace

TEST_CASE("Another zone may not sign for a name, nor may the parent of its zone") {
  KnownWorld world;
  CHECK(world.refused({www, 0, world.other.sign(www_a)}));
  CHECK(world.verdict({www, 0, world.other.sign(www_a)}).why->text.starts_with("needs www.example.test. DS"));
  CHECK(world.refused({www, 0, world.tld.sign(www_a)}));
  CHECK(world.refused({www, 0, world.other.sign(www_a, {.signer = name("example.test")})}));
  SignedZone below{"www.example.test"};
  CHECK(world.needs({www, 0, below.sign(www_a)}) == "www.example.test. DS, www.example.test. DNSKEY");
  world.learn({ask("www.example.test", Type::ds),
               0,
               {},
               world.denial({"www.example.test. 300 NSEC x.example.test. A RRSIG NSEC"})});
  CHECK(world.verdict({www, 0, below.sign(www_a)}).why->text ==
        "www.example.test A, zone example.test: its signer is not its zone");
}

TEST_CASE("A changed record, signature, label count or owner is bogus") {
  KnownWorld world;
  Records changed = world.example.sign({"www.example.test. 300 A 192.0.2.1"});
  changed[0].rdata[3] = 66;
  CHECK(world.verdict({www, 0, changed}).why->code == ede::dnssec_bogus);
  CHECK(world.status({www, 0, world.example.sign(www_a, {.wrong = true})}) == SecurityStatus::bogus);
  CHECK(world.status({www, 0, world.example.sign(www_a, {.labels = 4})}) == SecurityStatus::bogus);
  CHECK(world.status({www, 0, world.example.sign(www_a, {.labels = 1})}) == SecurityStatus::bogus);
  CHECK(world.status({www, 0, world.example.sign(www_a, {.labels = 2})}) == SecurityStatus::bogus);
  CHECK(world.verdict({www, 0, world.example.sign(www_a, {.tag = world.example.key().tag() ^ 1})}).why->code ==
        ede::dnskey_missing);
  CHECK(world.verdict({www, 0, world.example.sign(www_a, {.algorithm = 8})}).why->code == ede::dnskey_missing);
  CHECK(world.status({www, 0, world.example.sign(www_a) + www_a}) == SecurityStatus::secure);  // one record, twice
  CHECK(world.status({www, 0, world.example.sign(www_a) + records_from({"www.example.test. 300 A 192.0.2.67"})}) ==
        SecurityStatus::bogus);
}

TEST_CASE("DS records must be signed by the parent, and keys by one that a DS record names") {
  SignedWorld world;
  world.learn(world.root_keys());
  world.learn(world.ds_of(world.tld, world.root));
  world.learn(world.keys_of(world.tld));
  SignedZone forged{"example.test"};
  const Question ds = ask("example.test", Type::ds);
  CHECK(world.outcome({ds, 0, {forged.ds()}}) == Learned::Outcome::missing);
  CHECK(world.outcome({ds, 0, world.tld.sign({forged.ds()}, {.wrong = true})}) == Learned::Outcome::bogus);
  CHECK(world.outcome({ds, 0, world.root.sign({forged.ds()})}) == Learned::Outcome::bogus);
  CHECK(world.outcome({ds, 0, forged.sign({forged.ds()})}) == Learned::Outcome::bogus);
  CHECK(world.table.find(named("example.test"), noon) == nullptr);
  CHECK(world.outcome(world.ds_of(world.example, world.tld)) == Learned::Outcome::proven);
  CHECK(world.outcome(world.keys_of(forged)) == Learned::Outcome::bogus);
  // The right key stands in the set, but another one signs it (numa, PR 250).
  forged.add(world.example.key());
  CHECK(world.outcome(world.keys_of(forged)) == Learned::Outcome::missing);
  CHECK(world.outcome({ask("example.test", Type::dnskey), 0, world.example.dnskey_records()}) ==
        Learned::Outcome::missing);
  CHECK(world.table.find(named("example.test"), noon)->state == ZoneState::delegated);
}

TEST_CASE("A revoked key and a key without the zone key bit open no zone") {
  for (const unsigned flags : {257U | 0x80U, 1U}) {
    SignedWorld world("test", SigningKey(13, flags));
    world.teach();
    CHECK(world.table.find(named("example.test"), noon)->state == ZoneState::delegated);
    const auto learned = std::get<Learned>(world.learn(world.keys_of(world.example)));
    CHECK(learned.outcome == Learned::Outcome::bogus);
    CHECK(learned.why->code == ede::no_zone_key_bit_set);
  }
}

TEST_CASE("A chain of aliases is judged link by link, and its end by the last target") {
  KnownWorld world;
  const Records alias = world.example.sign({"www.example.test. 300 CNAME a.other.test."});
  const Records target = records_from({"a.other.test. 300 A 192.0.2.1"});
  CHECK(world.status({www, 0, alias + world.other.sign(target)}) == SecurityStatus::secure);
  CHECK(world.needs({www, 0, alias + target}) == "a.other.test. DS");
  CHECK(world.refused({www, 0, alias + world.example.sign(target)}));
  CHECK(world.needs({www, 0, records_from({"www.example.test. 300 CNAME a.other.test."}) + world.other.sign(target)}) ==
        "www.example.test. DS");
  const Records plain = world.example.sign({"www.example.test. 300 CNAME a.plain.test."});
  CHECK(world.status({www, 0, plain + records_from({"a.plain.test. 300 A 192.0.2.1"})}) == SecurityStatus::insecure);
  // The denial must be that of the target (blocky#2267).
  const Records target_gap =
      world.other.soa() + world.other.sign({"other.test. 300 NSEC b.other.test. SOA NS RRSIG NSEC"});
  CHECK(world.status({www, nxdomain, alias, target_gap}) == SecurityStatus::secure);
  CHECK(world.refused(
      {www, nxdomain, alias, world.denial({"example.test. 300 NSEC z.example.test. SOA NS RRSIG NSEC"})}));
  CHECK(world.status({www, 0, world.example.sign({"www.example.test. 300 CNAME www.example.test."})}) ==
        SecurityStatus::secure);
}

TEST_CASE("Part of a chain can be judged up to the alias that leads elsewhere") {
  KnownWorld world;
  const Message message = Packet{www, 0,
                                 world.example.sign({"www.example.test. 300 CNAME printer.home.arpa."}) +
                                     records_from({"printer.home.arpa. 300 A 192.0.2.1"})}
                              .message();
  ProofBudget budget;
  const auto finding = judge(AnswerPart(message, named("printer.home.arpa")), world.table, noon, budget);
  CHECK(std::get<Judgement>(finding).status == SecurityStatus::secure);
  CHECK(std::holds_alternative<Needs>(judge(message, world.table, noon, budget)));
}

TEST_CASE("An alias that a DNAME makes must follow from it") {
  KnownWorld world;
  const Question asked = ask("a.d.example.test");
  const Records dname = world.example.sign({"d.example.test. 300 DNAME other.test."});
  const Records target = world.other.sign({"a.other.test. 300 A 192.0.2.1"});
  const auto with = [&](const char* cname) { return Packet{asked, 0, dname + records_from({cname}) + target}; };
  CHECK(world.status(with("a.d.example.test. 300 CNAME a.other.test.")) == SecurityStatus::secure);
  CHECK(world.status({asked, 0, dname + target}) == SecurityStatus::secure);
  const Records made = records_from({"a.d.example.test. 300 CNAME a.other.test."});
  CHECK(world.status({ask("a.d.example.test", Type::cname), 0, dname + made}) == SecurityStatus::secure);
  CHECK(world.status({ask("a.d.example.test", Type::any), 0, dname + made}) == SecurityStatus::secure);
  CHECK(world.refused({ask("a.d.example.test", Type::cname), 0, made}));
  CHECK(world.refused(
      {ask("a.d.example.test", Type::cname), 0, dname + records_from({"a.d.example.test. 300 CNAME b.other.test."})}));
  CHECK(world.verdict(with("a.d.example.test. 300 CNAME b.other.test.")).why->text ==
        "a.d.example.test CNAME, zone d.example.test: it does not follow from the DNAME above it");
  Records forged = dname;
  forged[0].rdata = name("evil.test");
  CHECK(world.refused({asked, 0, forged + records_from({"a.d.example.test. 300 CNAME a.evil.test."})}));
}

TEST_CASE("A wildcard makes no DNAME: the names below it would all lead elsewhere (RFC 4592 §4.4)") {
  KnownWorld world;
  const Records dname =
      world.example.expand("example.test", "d.example.test", records_from({"w. 300 DNAME other.test."}));
  const Records target = world.other.sign({"a.other.test. 300 A 192.0.2.1"});
  const Records no_closer = world.denial({"b.example.test. 300 NSEC x.example.test. A RRSIG NSEC"});
  const Packet packet{ask("a.d.example.test"), 0, dname + target, no_closer};
  CHECK(world.refused(packet));
  CHECK(world.verdict(packet).why->text == "d.example.test DNAME, zone example.test: a wildcard makes no DNAME");
}

TEST_CASE("A question for DS records that an alias answers makes no signed zone (SD#31699)") {
  KnownWorld world;
  const Question ds = ask("alias.example.test", Type::ds);
  CHECK(world.outcome({ds, 0, world.example.sign({"alias.example.test. 300 CNAME a.plain.test."})}) ==
        Learned::Outcome::proven);
  CHECK(world.table.find(named("alias.example.test"), noon)->state == ZoneState::no_cut);
  const Question unsigned_ds = ask("alias.plain.test", Type::ds);
  const Records cname = records_from({"alias.plain.test. 300 CNAME a.plain.test."});
  CHECK(world.outcome({unsigned_ds, 0, cname}) == Learned::Outcome::needless);
  CHECK(world.status({unsigned_ds, 0, cname}) == SecurityStatus::insecure);
  CHECK(world.outcome({ask("x.d.example.test", Type::ds), 0,
                       world.example.sign({"d.example.test. 300 DNAME plain.test."})}) == Learned::Outcome::proven);
  CHECK(world.table.find(named("x.d.example.test"), noon)->state == ZoneState::no_cut);
}

TEST_CASE("All of the answer section is judged, and an answer may not contradict itself") {
  KnownWorld world;
  const Records a = world.example.sign({"www.example.test. 300 A 192.0.2.1"});
  CHECK(world.refused({www, 0, a + records_from({"bank.example.test. 300 A 192.0.2.66"})}));
  CHECK(world.refused({www, nxdomain, a}));
  CHECK(world.status({ask("www.example.test", Type::any), 0,
                      a + world.example.sign({"www.example.test. 300 TXT \"x\""})}) == SecurityStatus::secure);
  CHECK(world.refused({ask("www.example.test", Type::any), 0, a + records_from({"www.example.test. 300 TXT \"x\""})}));
  CHECK(world.status({ask("www.example.test", Type::rrsig), 0, {a[1]}}) == SecurityStatus::insecure);
  CHECK(world.refused({ask("www.example.test", Type::any),
                       0,
                       {},
                       world.denial({"www.example.test. 300 NSEC x.example.test. TXT RRSIG NSEC"})}));
}

TEST_CASE("A denial with a broken signature, also of its SOA, is bogus") {
  KnownWorld world;
  const Records nsec = world.example.sign({"www.example.test. 300 NSEC x.example.test. TXT RRSIG NSEC"});
  const Records bad_soa = world.example.sign({"example.test. 300 SOA ns.test. h.test. 1 2 3 4 5"}, {.wrong = true});
  CHECK(world.status({www, 0, {}, bad_soa + nsec}) == SecurityStatus::bogus);
  CHECK(world.status({www, 0, {}, records_from({"example.test. 300 SOA ns.test. h.test. 1 2 3 4 5"}) + nsec}) ==
        SecurityStatus::bogus);
  const Records bad =
      world.example.sign({"www.example.test. 300 NSEC x.example.test. TXT RRSIG NSEC"}, {.wrong = true});
  CHECK(world.status({www, 0, {}, world.example.soa() + bad}) == SecurityStatus::bogus);
}

TEST_CASE("Keys of one tag and signatures of one RRset cost a bounded number of verifications (CVE-2023-50387)") {
  const SigningKey key(8);
  KnownWorld world(key);
  // Keys with the same tag: words of the modulus change places, which leaves the sum.
  Records keys{{name("example.test"), Type::dnskey, 3600, key.rdata()}};
  for (std::size_t i = 0; i < 100; ++i) {
    Octets twin = key.rdata();
    std::swap_ranges(twin.begin() + 10 + std::ptrdiff_t(i % 50) * 2, twin.begin() + 12 + std::ptrdiff_t(i % 50) * 2,
                     twin.end() - 4 - std::ptrdiff_t(i / 50) * 2);
    keys.push_back({name("example.test"), Type::dnskey, 3600, twin});
    REQUIRE(SigningKey::tag_of(twin) == key.tag());
  }
  Records answer = www_a;
  for (unsigned i = 0; i < 100; ++i)
    answer.push_back(world.example.signature(key, www_a, {.expiration = seconds(noon) + 1000 + i, .wrong = true}));
  CHECK(world.status({www, 0, answer}) == SecurityStatus::bogus);
  CHECK(world.budget.verifications >= ProofBudget{}.verifications - ProofBudget::signatures_of_an_rrset);
  SignedWorld fresh("test", key);
  fresh.learn(fresh.root_keys());
  fresh.learn(fresh.ds_of(fresh.tld, fresh.root));
  fresh.learn(fresh.keys_of(fresh.tld));
  fresh.learn(fresh.ds_of(fresh.example, fresh.tld));
  Records turned = keys;
  std::ranges::reverse(turned);
  CHECK(fresh.outcome({ask("example.test", Type::dnskey), 0, fresh.example.sign(turned)}) == Learned::Outcome::bogus);
  CHECK(fresh.outcome({ask("example.test", Type::dnskey), 0, fresh.example.sign(keys)}) == Learned::Outcome::proven);
  CHECK(fresh.table.find(named("example.test"), noon)->keys.size() <= 16);
  Records many = www_a;
  for (unsigned i = 0; i < 8; ++i)
    many.push_back(fresh.example.signature(key, www_a, {.expiration = seconds(noon) + 1000 + i, .wrong = true}));
  CHECK(fresh.verdict({www, 0, many}).status == SecurityStatus::bogus);
  CHECK(fresh.budget.verifications >= 0);
}

TEST_CASE("A wildcard's proof counts only with its own signature, its iterations and its opt-out") {
  KnownWorld world;
  const Question asked = ask("a.b.example.test");
  const Records answer = world.example.expand("example.test", "a.b.example.test", records_from({"w. 300 A 192.0.2.1"}));
  const auto gap = "a.example.test. 300 NSEC c.example.test. A RRSIG NSEC";
  CHECK(world.status({asked, 0, answer, world.example.sign({gap}, {.wrong = true})}) == SecurityStatus::bogus);
  const auto with = [&](const Nsec3Parameters& how) {
    const Owners owners{{"example.test.", "NS SOA RRSIG"}, {"*.example.test.", "A RRSIG"}};
    return world.verdict({asked, 0, answer, signed_each(world.example, nsec3_chain("example.test", owners, how))});
  };
  CHECK(with({}).status == SecurityStatus::secure);
  CHECK(with({.flags = 1}).status == SecurityStatus::insecure);
  CHECK(with({.iterations = 60}).status == SecurityStatus::insecure);
  CHECK(with({.iterations = 60}).why->code == ede::unsupported_nsec3_iterations);
  CHECK(with({.iterations = 600}).status == SecurityStatus::bogus);
}

TEST_CASE("Two aliases of one wildcard are proven by one set of denials") {
  KnownWorld world;
  const auto expanded = [&](const char* owner, const char* record) {
    return world.example.expand("example.test", owner, records_from({record}));
  };
  const Records answer =
      expanded("m.example.test", "w. 300 CNAME n.example.test.") + world.other.sign({"x.other.test. 300 A 192.0.2.1"});
  const Records second =
      world.example.expand("w.example.test", "n.w.example.test", records_from({"w. 300 CNAME m.example.test."}));
  const Records gaps = world.example.sign({"a.example.test. 300 NSEC z.example.test. A RRSIG NSEC"});
  CHECK(world.refused({ask("n.w.example.test"), 0, second + answer, gaps}));
  const Records both = gaps + world.example.sign({"*.w.example.test. 300 NSEC z.w.example.test. CNAME RRSIG NSEC"});
  const Records target =
      expanded("m.example.test", "w. 300 CNAME x.other.test.") + world.other.sign({"x.other.test. 300 A 192.0.2.1"});
  CHECK(world.status({ask("n.w.example.test"), 0, second + target, both}) == SecurityStatus::secure);
}

TEST_CASE("An opt-out span hides unsigned names, but proves nothing about signed ones") {
  KnownWorld world;
  const Owners owners{{"example.test.", "NS SOA RRSIG"}, {"a.example.test.", "A RRSIG"}};
  const Records chain =
      world.example.soa() + signed_each(world.example, nsec3_chain("example.test", owners, {.flags = 1}));
  CHECK(world.status({www, 0, {}, chain}) == SecurityStatus::insecure);
  CHECK(world.status({www, nxdomain, {}, chain}) == SecurityStatus::insecure);
  CHECK(world.refused({ask("a.example.test"), 0, {}, chain}));
  CHECK(world.refused({ask("a.example.test"), nxdomain, {}, chain}));
}

TEST_CASE("A signature of a stranger beside the right one does no harm") {
  KnownWorld world;
  Records both = www_a;
  both.push_back(world.other.signature(world.other.key(), www_a));
  both.push_back(world.example.signature(world.example.key(), www_a));
  CHECK(world.status({www, 0, both}) == SecurityStatus::secure);
  both.back().rdata.back() ^= 1;
  CHECK(world.verdict({www, 0, both}).why->text.ends_with("is wrong"));
}

TEST_CASE("Long names leave room for the words of a complaint") {
  KnownWorld world;
  const std::string host = std::string(60, 'l') + "." + std::string(60, 'm') + ".example.test";
  const Records a = world.example.sign({host + ". 300 A 192.0.2.1"}, {.wrong = true});
  const std::string text = world.verdict({ask(host), 0, a}).why->text;
  CHECK(text.size() <= ExtendedError::max_text);
  CHECK(text.starts_with("...mmm"));
  CHECK(text.ends_with("is wrong"));
}

TEST_CASE("A large RRset whose keys and signatures fit costs a bounded number of octets") {
  KnownWorld world;
  Records many;
  for (unsigned i = 0; i < 1500; ++i) many.push_back({name("www.example.test"), Type::a, 300, u16(0xC000) + u16(i)});
  Records all = many;
  for (unsigned i = 0; i < 8; ++i)
    all.push_back(
        world.example.signature(world.example.key(), many, {.expiration = seconds(noon) + 1000 + i, .wrong = true}));
  std::ranges::reverse(all);
  CHECK(world.verdict({www, 0, all}).why->code == ede::dnssec_bogus);
  CHECK(world.budget.verifications >= ProofBudget{}.verifications - 5);
  CHECK(world.status({www, 0, world.example.sign(many)}) == SecurityStatus::secure);
}
