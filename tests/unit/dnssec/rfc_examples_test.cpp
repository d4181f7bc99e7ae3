#include <doctest/doctest.h>

#include "dnssec/signature.hpp"
#include "unit/dnssec/denial_chain.hpp"
#include "unit/dnssec/signed_world.hpp"

/// The examples of RFC 4035 Appendix B, RFC 5155 Appendix B and RFC 7129, with the records of their zones. The
/// signatures are made anew: those of the RFCs ended in 2004 and use RSA/SHA-1.
using namespace tacet;
using namespace tacet::fixture;

namespace {

constexpr unsigned nxdomain = 3;

const char* const apex = "example. 3600 NSEC a.example. NS SOA MX RRSIG NSEC DNSKEY";
const char* const b = "b.example. 3600 NSEC ns1.example. NS RRSIG NSEC";
const char* const ns1 = "ns1.example. 3600 NSEC ns2.example. A RRSIG NSEC";
const char* const x_y_w = "x.y.w.example. 3600 NSEC xx.example. MX RRSIG NSEC";
const char* const wildcard = "*.w.example. 3600 NSEC x.w.example. MX RRSIG NSEC";

/// The zone "example" of both appendices, its keys known.
struct ExampleZone : SignedWorld {
  ExampleZone() : SignedWorld("example") { teach(); }

  Records denial(std::initializer_list<const char*> lines) const {
    Records all = tld.soa();
    for (const char* line : lines) all = all + tld.sign({line});
    return all;
  }
  SecurityStatus status(const Packet& packet) { return verdict(packet).status; }
};

// RFC 5155 Appendix A.
const char* const h_example =
    "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom.example. 3600 NSEC3 1 1 12 aabbccdd 2t7b4g4vsa5smi47k61mv5bv1a22bojr MX DNSKEY "
    "NS SOA NSEC3PARAM RRSIG";
const char* const h_ns1 =
    "2t7b4g4vsa5smi47k61mv5bv1a22bojr.example. 3600 NSEC3 1 1 12 aabbccdd 2vptu5timamqttgl4luu9kg21e0aor3s A RRSIG";
const char* const h_a =
    "35mthgpgcu1qg68fab165klnsnk3dpvl.example. 3600 NSEC3 1 1 12 aabbccdd b4um86eghhds6nea196smvmlo4ors995 NS DS RRSIG";
const char* const h_x_w =
    "b4um86eghhds6nea196smvmlo4ors995.example. 3600 NSEC3 1 1 12 aabbccdd gjeqe526plbf1g8mklp59enfd789njgi MX RRSIG";
const char* const h_y_w =
    "ji6neoaepv8b5o6k4ev33abha8ht9fgc.example. 3600 NSEC3 1 1 12 aabbccdd k8udemvp1j2f7eg6jebps17vp3n8i58h";
const char* const h_w =
    "k8udemvp1j2f7eg6jebps17vp3n8i58h.example. 3600 NSEC3 1 1 12 aabbccdd kohar7mbb8dc2ce8a9qvl8hon4k53uhi";
const char* const h_ns2 =
    "q04jkcevqvmu85r014c7dkba38o0ji5r.example. 3600 NSEC3 1 1 12 aabbccdd r53bq7cc2uvmubfu5ocmm6pers9tk9en A RRSIG";
const char* const h_wildcard =
    "r53bq7cc2uvmubfu5ocmm6pers9tk9en.example. 3600 NSEC3 1 1 12 aabbccdd t644ebqk9bibcna874givr6joj62mlhv MX RRSIG";

}  // namespace

TEST_CASE("RFC 4035 B.1: an answer") {
  ExampleZone zone;
  CHECK(zone.status({ask("x.w.example", Type::mx), 0, zone.tld.sign({"x.w.example. 3600 MX 1 xx.example."})}) ==
        SecurityStatus::secure);
}

TEST_CASE("RFC 4035 B.2: a name error") {
  ExampleZone zone;
  const Question ml = ask("ml.example");
  CHECK(zone.status({ml, nxdomain, {}, zone.denial({b, apex})}) == SecurityStatus::secure);
  CHECK(zone.verdict({ml, nxdomain, {}, zone.denial({b, apex})}).ttl == 300);  // the SOA's MINIMUM
  CHECK(zone.status({ml, nxdomain, {}, zone.denial({b})}) == SecurityStatus::bogus);
  CHECK(zone.status({ml, nxdomain, {}, zone.denial({apex})}) == SecurityStatus::bogus);
}

TEST_CASE("RFC 4035 B.3: no data") {
  ExampleZone zone;
  CHECK(zone.status({ask("ns1.example", Type::mx), 0, {}, zone.denial({ns1})}) == SecurityStatus::secure);
  CHECK(zone.status({ask("ns1.example"), 0, {}, zone.denial({ns1})}) == SecurityStatus::bogus);
}

TEST_CASE("RFC 4035 B.4 and B.5: delegations, signed and unsigned") {
  ExampleZone zone;
  CHECK(zone.outcome({ask("a.example", Type::ds), 0,
                      zone.tld.sign({"a.example. 3600 DS 57855 13 2 "
                                     "B6DCD485719ADCA18E5F3D48A2331627FDD3636BB6DCD485719ADCA18E5F3D48"})}) ==
        Learned::Outcome::proven);
  CHECK(zone.table.find(named("a.example"), noon)->state == ZoneState::delegated);
  CHECK(zone.outcome({ask("b.example", Type::ds), 0, {}, zone.denial({b})}) == Learned::Outcome::proven);
  CHECK(zone.table.find(named("b.example"), noon)->state == ZoneState::insecure);
  CHECK(zone.status({ask("mc.b.example"), 0, records_from({"mc.b.example. 3600 A 192.0.2.4"})}) ==
        SecurityStatus::insecure);
}

TEST_CASE("RFC 4035 B.6: a wildcard's answer") {
  ExampleZone zone;
  const Question asked = ask("a.z.w.example", Type::mx);
  const Records answer = zone.tld.expand("w.example", "a.z.w.example", records_from({"w. 3600 MX 1 ai.example."}));
  CHECK(zone.status({asked, 0, answer, zone.tld.sign({x_y_w})}) == SecurityStatus::secure);
  CHECK(zone.verdict({asked, 0, answer}).why->code == ede::nsec_missing);
  CHECK(zone.status({asked, 0, answer, zone.tld.sign({wildcard})}) == SecurityStatus::bogus);
}

TEST_CASE("RFC 4035 B.7: a wildcard without the type") {
  ExampleZone zone;
  const Question asked = ask("a.z.w.example", Type::aaaa);
  CHECK(zone.status({asked, 0, {}, zone.denial({x_y_w, wildcard})}) == SecurityStatus::secure);
  CHECK(zone.status({asked, 0, {}, zone.denial({x_y_w})}) == SecurityStatus::bogus);
  CHECK(zone.status({ask("a.z.w.example", Type::mx), 0, {}, zone.denial({x_y_w, wildcard})}) == SecurityStatus::bogus);
}

TEST_CASE("RFC 4035 B.8: a zone does not deny its own DS records") {
  ExampleZone zone;
  const Packet packet{ask("example", Type::ds), 0, {}, zone.denial({apex})};
  CHECK(zone.verdict(packet).why->code == ede::nsec_missing);
}

TEST_CASE("RFC 5155 Appendix A: the hashes of names") {
  Nsec3Hasher hasher;
  const Octets salt{0xAA, 0xBB, 0xCC, 0xDD};
  const std::pair<const char*, const char*> rows[] = {
      {"example", "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom"},     {"a.example", "35mthgpgcu1qg68fab165klnsnk3dpvl"},
      {"ai.example", "gjeqe526plbf1g8mklp59enfd789njgi"},  {"ns1.example", "2t7b4g4vsa5smi47k61mv5bv1a22bojr"},
      {"NS2.Example", "q04jkcevqvmu85r014c7dkba38o0ji5r"}, {"w.example", "k8udemvp1j2f7eg6jebps17vp3n8i58h"},
      {"*.w.example", "r53bq7cc2uvmubfu5ocmm6pers9tk9en"}, {"x.w.example", "b4um86eghhds6nea196smvmlo4ors995"},
      {"y.w.example", "ji6neoaepv8b5o6k4ev33abha8ht9fgc"}, {"x.y.w.example", "2vptu5timamqttgl4luu9kg21e0aor3s"},
      {"xx.example", "t644ebqk9bibcna874givr6joj62mlhv"},
  };
  for (const auto& [text, hash] : rows) {
    const auto made = hasher.hash(named(text), salt, 12);
    CHECK(base32hex({made.begin(), made.end()}) == hash);
  }
}

TEST_CASE("RFC 5155 B.1: a name error, with opt-out, so it proves nothing about unsigned delegations") {
  ExampleZone zone;
  const Question asked = ask("a.c.x.w.example");
  CHECK(zone.status({asked, nxdomain, {}, zone.denial({h_example, h_x_w, h_a})}) == SecurityStatus::insecure);
  for (const auto& missing :
       {zone.denial({h_x_w, h_a}), zone.denial({h_example, h_a}), zone.denial({h_example, h_x_w})})
    CHECK(zone.status({asked, nxdomain, {}, missing}) == SecurityStatus::bogus);
}

TEST_CASE("RFC 5155 B.2: no data, also of an empty non-terminal") {
  ExampleZone zone;
  CHECK(zone.status({ask("ns1.example", Type::mx), 0, {}, zone.denial({h_ns1})}) == SecurityStatus::secure);
  CHECK(zone.status({ask("y.w.example"), 0, {}, zone.denial({h_y_w})}) == SecurityStatus::secure);
  CHECK(zone.status({ask("ns1.example"), 0, {}, zone.denial({h_ns1})}) == SecurityStatus::bogus);
}

TEST_CASE("RFC 5155 B.3: an unsigned delegation in an opt-out span") {
  ExampleZone zone;
  CHECK(zone.outcome({ask("c.example", Type::ds), 0, {}, zone.denial({h_a, h_example})}) == Learned::Outcome::proven);
  CHECK(zone.table.find(named("c.example"), noon)->state == ZoneState::insecure);
  CHECK(zone.outcome({ask("d.example", Type::ds), 0, {}, zone.denial({h_a})}) == Learned::Outcome::missing);
}

TEST_CASE("RFC 5155 B.4: a wildcard's answer") {
  ExampleZone zone;
  const Question asked = ask("a.z.w.example", Type::mx);
  const Records answer = zone.tld.expand("w.example", "a.z.w.example", records_from({"w. 3600 MX 1 ai.example."}));
  CHECK(zone.status({asked, 0, answer, zone.tld.sign({h_ns2})}) == SecurityStatus::insecure);  // opt-out
  CHECK(zone.status({asked, 0, answer, zone.tld.sign({h_ns1})}) == SecurityStatus::bogus);
}

TEST_CASE("RFC 5155 B.5: a wildcard without the type") {
  ExampleZone zone;
  const Question asked = ask("a.z.w.example", Type::aaaa);
  CHECK(zone.status({asked, 0, {}, zone.denial({h_w, h_ns2, h_wildcard})}) == SecurityStatus::insecure);  // opt-out
  CHECK(zone.status({ask("a.z.w.example", Type::mx), 0, {}, zone.denial({h_w, h_ns2, h_wildcard})}) ==
        SecurityStatus::bogus);
}

TEST_CASE("RFC 5155 B.6: a zone does not deny its own DS records") {
  ExampleZone zone;
  CHECK(zone.status({ask("example", Type::ds), 0, {}, zone.denial({h_example})}) == SecurityStatus::bogus);
}

TEST_CASE("RFC 7129 §3 and §4: NSEC says what follows, and that no wildcard is there") {
  SignedWorld world("org");
  world.teach();
  const auto denial = [&](std::initializer_list<std::string_view> lines) {
    Records all = world.example.soa();
    for (const std::string_view line : lines) all = all + world.example.sign({line});
    return all;
  };
  const auto nsec_apex = "example.org. 300 NSEC a.example.org. NS SOA RRSIG NSEC DNSKEY";
  const auto nsec_a = "a.example.org. 300 NSEC d.example.org. A TXT RRSIG NSEC";
  CHECK(world.verdict({ask("b.example.org"), nxdomain, {}, denial({nsec_a, nsec_apex})}).status ==
        SecurityStatus::secure);
  CHECK(world.verdict({ask("a.example.org", Type::aaaa), 0, {}, denial({nsec_a})}).status == SecurityStatus::secure);
  CHECK(world.verdict({ask("a.example.org", Type::txt), 0, {}, denial({nsec_a})}).status == SecurityStatus::bogus);
}

TEST_CASE("RFC 7129 §5.5: the closest encloser of x.2.example.org, its next closer name, and no wildcard") {
  SignedWorld world("org");
  world.teach();
  const Owners owners{{"example.org.", "NS SOA DNSKEY RRSIG NSEC3PARAM"},
                      {"1.example.org.", "TXT RRSIG"},
                      {"1.h.example.org.", "TXT RRSIG"},
                      {"3.3.example.org.", "TXT RRSIG"},
                      {"h.example.org.", ""},
                      {"3.example.org.", ""},
                      {"2.example.org.", "TXT RRSIG"}};
  const Records chain = nsec3_chain("example.org", owners, {.flags = 0, .iterations = 2, .salt = {0xDE, 0xAD}});
  const Records all = world.example.soa() + signed_each(world.example, chain);
  CHECK(world.verdict({ask("x.2.example.org", Type::txt), nxdomain, {}, all}).status == SecurityStatus::secure);
  CHECK(world.verdict({ask("x.h.example.org", Type::txt), nxdomain, {}, all}).status == SecurityStatus::secure);
  CHECK(world.verdict({ask("h.example.org", Type::txt), 0, {}, all}).status == SecurityStatus::secure);
  for (const Owner& owner : owners)
    CHECK(world.verdict({ask(owner.name), nxdomain, {}, all}).status != SecurityStatus::secure);
}
