#include <doctest/doctest.h>

#include "dnssec/kept_denials.hpp"
#include "unit/dnssec/denial_chain.hpp"
#include "unit/dnssec/signed_zone.hpp"

using namespace tacet;
using namespace tacet::fixture;

TEST_CASE("A denial that is kept denies what else lies in its gaps, and nothing more (RFC 8198)") {
  const SignedZone zone("example.test");
  const Records apex = zone.sign({"example.test. 300 NSEC b.example.test. SOA NS RRSIG NSEC"});
  const Records gap = zone.sign({"b.example.test. 300 NSEC m.example.test. A RRSIG NSEC"});
  const Name whole = named("example.test");
  const auto denies = [&](const Records& records, std::string_view name) {
    return also_denies(Packet{ask("c.example.test"), 3, {}, records}.message(), whole, named(name));
  };
  CHECK(denies(apex + gap, "c.example.test"));
  CHECK(denies(apex + gap, "d.example.test"));
  CHECK(denies(apex + gap, "x.y.example.test") == false);
  CHECK(denies(apex + gap, "a.example.test"));
  CHECK(denies(gap, "d.example.test") == false);  // a wildcard is possible
  CHECK(denies(apex + gap, "b.example.test") == false);
  CHECK(denies(apex + gap, "m.example.test") == false);
  CHECK(denies(apex + gap, "d.other.test") == false);
  const Records cut = zone.sign({"b.example.test. 300 NSEC m.example.test. NS RRSIG NSEC"});
  CHECK(denies(apex + cut, "a.b.example.test") == false);
  CHECK(denies(apex + cut, "d.example.test"));
  // Not one that was made from a wildcard, nor one without a signature, nor NSEC3.
  CHECK(denies(apex + zone.expand("example.test", "b.example.test",
                                  records_from({"w. 300 NSEC m.example.test. A RRSIG NSEC"})),
               "d.example.test") == false);
  CHECK(denies(apex + Records{gap[0]}, "d.example.test") == false);
  CHECK(denies(signed_each(zone, nsec3_chain("example.test", {{"example.test.", "NS SOA RRSIG"}})), "d.example.test") ==
        false);
}
