#include <doctest/doctest.h>

#include "unit/dnssec/denial_chain.hpp"
#include "unit/dnssec/known_world.hpp"

/// Denials that real validators once accepted, each with its packet.
using namespace tacet;
using namespace tacet::fixture;

TEST_CASE("A wildcard's answer needs proof that the next closer name does not exist, not just the whole name") {
  KnownWorld world;
  const Question asked = ask("a.b.example.test");
  const Records answer = world.example.expand("example.test", "a.b.example.test", records_from({"w. 300 A 192.0.2.1"}));
  const auto with = [&](const char* nsec) { return Packet{asked, 0, answer, world.example.sign({nsec})}; };
  CHECK(world.status(with("a.example.test. 300 NSEC c.example.test. A RRSIG NSEC")) == SecurityStatus::secure);
  // b.example.test exists, so the wildcard does not apply below it (pdns#17136).
  CHECK(world.refused(with("b.example.test. 300 NSEC c.example.test. A RRSIG NSEC")));
  CHECK(world.refused(with("a.example.test. 300 NSEC z.b.example.test. A RRSIG NSEC")));
  CHECK(world.refused({asked, 0, answer}));
}

TEST_CASE("An NXDOMAIN needs both proofs: for the name, and for the wildcard at its closest encloser") {
  KnownWorld world;
  const Question asked = ask("x.b.example.test");
  const auto name_gap = "b.example.test. 300 NSEC d.example.test. A RRSIG NSEC";
  const auto wildcard_gap = "*.b.example.test. 300 NSEC z.b.example.test. A RRSIG NSEC";
  CHECK(world.status({asked, nxdomain, {}, world.denial({name_gap})}) == SecurityStatus::secure);
  CHECK(world.refused({asked, nxdomain, {}, world.denial({wildcard_gap})}));
  // The wildcard of another encloser proves nothing (numa, PR 398).
  const auto deeper = "a.example.test. 300 NSEC c.example.test. A RRSIG NSEC";
  const auto apex = "example.test. 300 NSEC *.example.test. SOA NS RRSIG NSEC";
  CHECK(world.refused({asked, nxdomain, {}, world.denial({deeper, apex})}));
  CHECK(
      world.status(
          {asked, nxdomain, {}, world.denial({deeper, "example.test. 300 NSEC a.example.test. SOA NS RRSIG NSEC"})}) ==
      SecurityStatus::secure);
}

TEST_CASE("The NSEC of a delegation or of a DNAME proves nothing below it") {
  KnownWorld world;
  const Question asked = ask("a.sub.example.test");
  const auto apex = "example.test. 300 NSEC sub.example.test. SOA NS RRSIG NSEC";
  for (const char* types : {"NS RRSIG NSEC", "NS DS RRSIG NSEC", "DNAME RRSIG NSEC"}) {
    const std::string nsec = "sub.example.test. 300 NSEC z.example.test. " + std::string(types);
    CHECK(world.refused({asked, nxdomain, {}, world.denial({nsec, apex})}));
    CHECK(world.refused({asked, 0, {}, world.denial({nsec, apex})}));
  }
  // And nothing at the cut but that there are no DS records (CVE-2018-1000002).
  const auto parent_side = "sub.example.test. 300 NSEC z.example.test. NS RRSIG NSEC";
  CHECK(world.refused({ask("sub.example.test"), 0, {}, world.denial({parent_side})}));
  CHECK(world.status({ask("sub.example.test", Type::ds), 0, {}, world.denial({parent_side})}) ==
        SecurityStatus::secure);
}

TEST_CASE("The same holds for NSEC3 records") {
  KnownWorld world;
  for (const char* types : {"NS", "DNAME RRSIG"}) {
    const Records chain =
        nsec3_chain("example.test", {{"example.test.", "NS SOA RRSIG"}, {"sub.example.test.", types}});
    const Records all = world.example.soa() + signed_each(world.example, chain);
    CHECK(world.refused({ask("a.sub.example.test"), nxdomain, {}, all}));
    CHECK(world.refused({ask("a.sub.example.test"), 0, {}, all}));
  }
}

TEST_CASE("A child's own NSEC does not deny its DS records") {
  KnownWorld world;
  const Records child =
      world.example.soa() + world.example.sign({"example.test. 300 NSEC a.example.test. SOA NS RRSIG NSEC"});
  CHECK(world.refused({ask("example.test", Type::ds), 0, {}, child}));
  SignedWorld fresh;
  fresh.learn(fresh.root_keys());
  fresh.learn(fresh.ds_of(fresh.tld, fresh.root));
  fresh.learn(fresh.keys_of(fresh.tld));
  const Records forged = fresh.tld.soa() + fresh.tld.sign({"example.test. 300 NSEC f.test. SOA NS RRSIG NSEC"});
  CHECK(fresh.outcome({ask("example.test", Type::ds), 0, {}, forged}) == Learned::Outcome::missing);
}

TEST_CASE("No data is not proven where the type or an alias exists") {
  KnownWorld world;
  const auto with = [&](const char* types) {
    return Packet{www, 0, {}, world.denial({std::string("www.example.test. 300 NSEC x.example.test. ") + types})};
  };
  CHECK(world.status(with("TXT RRSIG NSEC")) == SecurityStatus::secure);
  CHECK(world.refused(with("A RRSIG NSEC")));
  CHECK(world.refused(with("CNAME RRSIG NSEC")));
}

TEST_CASE("A compact denial proves NXDOMAIN only with its own type (RFC 9824)") {
  KnownWorld world;
  const auto with = [&](const char* types) {
    return world.denial({std::string("www.example.test. 300 NSEC \\000.www.example.test. RRSIG NSEC ") + types});
  };
  CHECK(world.status({www, 0, {}, with("")}) == SecurityStatus::secure);
  CHECK(world.status({www, 0, {}, with("TYPE128")}) == SecurityStatus::secure);
  CHECK(world.status({www, nxdomain, {}, with("TYPE128")}) == SecurityStatus::secure);
  CHECK(world.status({ask("www.example.test", Type::any), 0, {}, with("TYPE128")}) == SecurityStatus::secure);
  CHECK(world.refused({www, nxdomain, {}, with("")}));
  CHECK(world.refused({ask("a.www.example.test"), nxdomain, {}, with("TYPE128")}));
}

TEST_CASE("An empty non-terminal exists: NXDOMAIN is refused, no data needs no wildcard proof") {
  KnownWorld world;
  const auto nsec = "a.example.test. 300 NSEC x.ent.example.test. A RRSIG NSEC";
  const auto apex = "example.test. 300 NSEC a.example.test. SOA NS RRSIG NSEC";
  CHECK(world.status({ask("ent.example.test"), 0, {}, world.denial({nsec})}) == SecurityStatus::secure);
  CHECK(world.refused({ask("ent.example.test"), nxdomain, {}, world.denial({nsec, apex})}));
}

TEST_CASE("An NSEC that was expanded from a wildcard speaks for the wildcard only (CVE-2017-15105)") {
  KnownWorld world;
  const Records expanded = world.example.expand("example.test", "www.example.test",
                                                records_from({"w. 300 NSEC a.example.test. TXT RRSIG NSEC"}));
  CHECK(world.refused({www, 0, {}, world.example.soa() + expanded}));
}

TEST_CASE("NSEC3 records with unknown hashes or flags, or with other parameters than the first, do not count") {
  KnownWorld world;
  const Owners owners{{"example.test.", "NS SOA RRSIG"}, {"a.example.test.", "A RRSIG"}};
  const auto all = [&](const Nsec3Parameters& how) {
    return world.example.soa() + signed_each(world.example, nsec3_chain("example.test", owners, how));
  };
  CHECK(world.status({www, nxdomain, {}, all({})}) == SecurityStatus::secure);
  CHECK(world.refused({www, nxdomain, {}, all({.algorithm = 2})}));
  CHECK(world.refused({www, nxdomain, {}, all({.flags = 2})}));
  const Records one = all({}), two = all({.salt = {1}});
  Records mixed(one.begin(), one.begin() + 4);
  mixed.insert(mixed.end(), two.begin() + 4, two.end());
  CHECK(world.refused({www, nxdomain, {}, mixed}));
}

TEST_CASE("Many iterations count as unsigned, and far too many as no proof (RFC 9276)") {
  KnownWorld world;
  const Owners owners{{"example.test.", "NS SOA RRSIG"}, {"a.example.test.", "A RRSIG"}};
  const auto verdict = [&](unsigned iterations) {
    return world.verdict({www,
                          nxdomain,
                          {},
                          world.example.soa() + signed_each(world.example, nsec3_chain("example.test", owners,
                                                                                       {.iterations = iterations}))});
  };
  CHECK(verdict(50).status == SecurityStatus::secure);
  CHECK(verdict(51).status == SecurityStatus::insecure);
  CHECK(verdict(51).why->code == ede::unsupported_nsec3_iterations);
  CHECK(verdict(501).status == SecurityStatus::bogus);
  CHECK(verdict(501).why->code == ede::unsupported_nsec3_iterations);
}

TEST_CASE("An empty answer without proof makes nothing insecure") {
  SignedWorld world;
  world.learn(world.root_keys());
  world.learn(world.ds_of(world.tld, world.root));
  world.learn(world.keys_of(world.tld));
  const Question ds = ask("example.test", Type::ds);
  CHECK(world.outcome({ds, 0}) == Learned::Outcome::missing);
  CHECK(world.outcome({ds, nxdomain}) == Learned::Outcome::missing);
  CHECK(world.outcome({ds, 2}) == Learned::Outcome::missing);
  CHECK(world.outcome({ds, 0, {}, records_from({"test. 300 SOA ns.test. h.test. 1 2 3 4 5"})}) ==
        Learned::Outcome::missing);
  CHECK(world.outcome(
            {ds, 0, {}, world.tld.soa() + world.tld.sign({"example.test. 300 NSEC f.test. NS DS RRSIG NSEC"})}) ==
        Learned::Outcome::missing);
  CHECK(world.table.find(named("example.test"), noon) == nullptr);
}
