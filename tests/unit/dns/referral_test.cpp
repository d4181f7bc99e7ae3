#include "dns/referral.hpp"

#include <doctest/doctest.h>

#include "unit/dns/wire_fixture.hpp"

using namespace tacet;
using namespace tacet::fixture;

namespace {

const Octets qname = name("h.sub.corp.example");  // at 12; "sub" at 14
const Octets ns = record(pointer(14), Type::ns, 300, Octets{2, 'n', 's'} + pointer(14));
const Octets upward = record({0}, Type::ns, 300, name("a.root-servers.net"));
const Octets soa = record(pointer(18), Type::soa, 300, soa_rdata({0}, 60));

bool refers(unsigned flags, Counts counts, const Octets& records) {
  return is_referral(parsed(header(1, flags, counts) + question(qname) + records));
}

}  // namespace

TEST_CASE("Name servers instead of an answer are a referral, be they further down or the root's") {
  CHECK(refers(0x8100, {.authorities = 1}, ns));
  CHECK(refers(0x8000, {.authorities = 1, .additionals = 1}, upward + opt()));
  CHECK(refers(0x8100, {.authorities = 1, .additionals = 1}, ns + record(pointer(14), Type::a, 300, address)));
}

TEST_CASE("An answer, an empty one of a server that knows, and a failure are none") {
  CHECK_FALSE(refers(0x8100, {.answers = 1, .authorities = 1}, record(pointer(12), Type::a, 300, address) + ns));
  CHECK_FALSE(refers(0x8500, {.authorities = 1}, ns));        // AA
  CHECK_FALSE(refers(0x8180, {.authorities = 1}, ns));        // RA
  CHECK_FALSE(refers(0x8100, {.authorities = 2}, ns + soa));  // RFC 2308 §2.2, type 1
  CHECK_FALSE(refers(0x8100, {.authorities = 1}, soa));       // type 2
  CHECK_FALSE(refers(0x8100, {}, {}));                        // type 3
  CHECK_FALSE(refers(0x8100, {.additionals = 1}, ns));        // not in the authority section
  CHECK_FALSE(refers(0x8103, {.authorities = 1}, ns));        // NXDOMAIN
  CHECK_FALSE(refers(0x8105, {.authorities = 1}, upward));    // REFUSED
}
