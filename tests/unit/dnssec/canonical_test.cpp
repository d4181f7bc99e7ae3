#include <stdbool.h>  // before ldns, which defines bool itself otherwise
//
#include <doctest/doctest.h>
#include <ldns/ldns.h>

#include "dnssec/canonical.hpp"
#include "unit/dns/wire_fixture.hpp"

using namespace tacet;
using namespace tacet::fixture;

namespace {

Message message_with(const Octets& records, unsigned count) {
  return parsed(header(0, 0x8180, {.answers = count}) + question(name("WWW.Example")) + records);
}

Octets canonical_of(Type type, const Octets& rdata) {
  const Message message = message_with(record(pointer(12), type, 300, rdata), 1);
  return canonical_rdata(message.wire(), message.records()[0]);
}

}  // namespace

TEST_CASE("Names are ordered by labels from the right, as octets in lower case (RFC 4034 §6.1)") {
  const char* const ordered[] = {"example",         "a.example",      "yljkjljk.a.example",
                                 "Z.a.example",     "zABC.a.EXAMPLE", "z.example",
                                 "\\001.z.example", "*.z.example",    "\\200.z.example"};
  for (std::size_t i = 0; i < std::size(ordered); ++i)
    for (std::size_t j = 0; j < std::size(ordered); ++j) {
      CAPTURE(ordered[i]);
      CAPTURE(ordered[j]);
      CHECK(canonical_order(named(ordered[i]), named(ordered[j])) == (i <=> j));
    }
  CHECK(canonical_order(named("."), named("a")) < 0);
  CHECK(canonical_order(named("a.b"), named("a-.b")) < 0);
}

TEST_CASE("Parts of names") {
  CHECK(ancestor(named("a.b.c"), 2) == named("b.c"));
  CHECK(ancestor(named("a.b.c"), 0).is_root());
  CHECK(ancestor(named("a.b.c"), 9) == named("a.b.c"));
  CHECK(common_ancestor(named("a.b.c"), named("x.B.C")) == named("b.c"));
  CHECK(common_ancestor(named("a.b"), named("a.c")).is_root());
  CHECK(wildcard_below(named("b.c")).to_string() == "*.b.c.");
  CHECK(wildcard_below(Name()).to_string() == "*.");
  CHECK(is_wildcard(named("*.c")));
  CHECK(!is_wildcard(named("**.c")));
  CHECK(!is_wildcard(Name()));
}

TEST_CASE(
    "Names in the data of old types are expanded and in lower case; those of NSEC and newer types stay (RFC 6840 "
    "§5.1)") {
  const Octets p = pointer(12), lower = name("www.example"), mixed = name("WWW.Example");
  const Octets tail(20, 9);
  CHECK(canonical_of(Type::ns, p) == lower);
  CHECK(canonical_of(Type::dname, mixed) == lower);
  CHECK(canonical_of(Type::mx, Octets{0, 7} + p) == Octets{0, 7} + lower);
  CHECK(canonical_of(Type::soa, p + mixed + tail) == lower + lower + tail);
  CHECK(canonical_of(Type::srv, Octets(6, 1) + mixed) == Octets(6, 1) + lower);
  CHECK(canonical_of(Type::naptr, Octets(4) + Octets{1, 'U', 1, 'S', 0} + mixed) ==
        Octets(4) + Octets{1, 'U', 1, 'S', 0} + lower);
  CHECK(canonical_of(Type::rrsig, Octets(18) + mixed + Octets{'S'}) == Octets(18) + lower + Octets{'S'});
  CHECK(canonical_of(Type::nsec, mixed + Octets{0, 1, 64}) == mixed + Octets{0, 1, 64});
  CHECK(canonical_of(Type::https, Octets{0, 1} + mixed) == Octets{0, 1} + mixed);
  CHECK(canonical_of(Type::txt, {3, 'A', 'b', 'C'}) == Octets{3, 'A', 'b', 'C'});
  CHECK(canonical_of(Type{65280}, {3, 'A'}) == Octets{3, 'A'});
}

TEST_CASE(
    "What is signed: the signature's own data, then each record once, sorted, under its wildcard, with the original "
    "TTL") {
  const Octets first{192, 0, 2, 9}, second{192, 0, 2, 1};
  const Octets fixed = u16(1) + Octets{13, 1} + u32(600) + u32(2000) + u32(1000) + u16(7);
  const Message message =
      message_with(record(pointer(12), Type::a, 300, first) + record(pointer(12), Type::a, 300, second) +
                       record(pointer(12), Type::a, 300, first) +
                       record(pointer(12), Type::rrsig, 300, fixed + name("Example") + Octets{1, 2, 3}),
                   4);
  const std::vector<RRset> rrsets = rrsets_of(message);
  REQUIRE(rrsets.size() == 1);
  CHECK(rrsets[0].records.size() == 3);
  REQUIRE(rrsets[0].signatures.size() == 1);
  const Rrsig& signature = rrsets[0].signatures[0];
  CHECK(signature.key_tag == 7);
  CHECK(octets(signature.signature) == Octets{1, 2, 3});
  CHECK(signed_data(rrsets[0], signature) == fixed + name("example") + record(name("*.example"), Type::a, 600, second) +
                                                 record(name("*.example"), Type::a, 600, first));
}

TEST_CASE("Records are grouped by section, owner and type, and signatures with what they cover") {
  const Octets rrsig = u16(1) + Octets{13, 2} + u32(600) + u32(2000) + u32(1000) + u16(7) + name("example") + Octets{1};
  const Octets ns = u16(2) + Octets(rrsig.begin() + 2, rrsig.end());
  const Octets wire = record(pointer(12), Type::rrsig, 300, rrsig) + record(pointer(12), Type::a, 300, address) +
                      record(name("www.EXAMPLE"), Type::a, 60, address) + record(pointer(12), Type::rrsig, 300, ns) +
                      record(pointer(12), Type::a, 300, address, Class::ch);
  const std::vector<RRset> rrsets = rrsets_of(message_with(wire, 5));
  REQUIRE(rrsets.size() == 2);
  CHECK(rrsets[0].type == Type::a);
  CHECK(rrsets[0].ttl == 60);
  CHECK(rrsets[0].signatures.size() == 1);
  CHECK(rrsets[1].type == Type::rrsig);
  Octets many;
  for (unsigned i = 0; i < 100; ++i) many = many + record(name("h" + std::to_string(i)), Type::a, 300, address);
  CHECK(rrsets_of(message_with(many, 100)).size() == 64);
}

TEST_CASE("The canonical form is the one that ldns makes, for each type that has names") {
  for (const char* line :
       {"A.example. 60 NS Ns.Example.", "a.example. 60 CNAME B.Example.", "a.example. 60 SOA A.X. B.X. 1 2 3 4 5",
        "a.example. 60 PTR P.Example.", "a.example. 60 MX 1 M.Example.", "a.example. 60 MINFO A.X. B.X.",
        "a.example. 60 RP A.X. B.X.", "a.example. 60 AFSDB 1 A.X.", "a.example. 60 RT 1 A.X.",
        "a.example. 60 PX 1 A.X. B.X.", "a.example. 60 NAPTR 1 2 \"U\" \"S\" \"X\" A.X.", "a.example. 60 KX 1 A.X.",
        "a.example. 60 SRV 1 2 3 A.X.", "a.example. 60 DNAME A.X.", "a.example. 60 TXT \"MiXed\"",
        "a.example. 60 HINFO \"CPU\" \"Os\"", "a.example. 60 NSEC B.Example. A RRSIG NSEC", "a.example. 60 SVCB 1 A.X.",
        "a.example. 60 AAAA 2001:DB8::1"}) {
    CAPTURE(line);
    ldns_rr* parsed_line = nullptr;
    REQUIRE(ldns_rr_new_frm_str(&parsed_line, line, 60, nullptr, nullptr) == LDNS_STATUS_OK);
    const auto wire_of = [&] {
      std::uint8_t* wire = nullptr;
      std::size_t size = 0;
      ldns_rr2wire(&wire, parsed_line, LDNS_SECTION_ANSWER, &size);
      const Octets all(wire, wire + size);
      std::free(wire);
      return all;
    };
    const Message message = message_with(wire_of(), 1);
    ldns_rr2canonical(parsed_line);
    const Octets theirs = wire_of();
    ldns_rr_free(parsed_line);
    const ResourceRecord record = message.records()[0];
    const std::size_t rdata_at = theirs.size() - record.rdata_size;
    CHECK(canonical_rdata(message.wire(), record) == Octets(theirs.begin() + std::ptrdiff_t(rdata_at), theirs.end()));
  }
}
