#include "dns/age.hpp"

#include <doctest/doctest.h>

#include "dns/answer_image.hpp"
#include "unit/dns/wire_fixture.hpp"

using namespace tacet;
using namespace tacet::fixture;

namespace {

const Octets qname = name("www.example.com");  // at 12; "example" at 16

/// A response with an answer of TTL 600, glue of TTL 60, and an OPT whose "TTL" has DO set.
const Octets positive = header(0, 0x8180, {.answers = 1, .additionals = 2}) + question(qname) +
                        record(pointer(12), Type::a, 600, address) + record(name("ns.test"), Type::a, 60, address) +
                        opt(1232, 0x8000);

/// NXDOMAIN with an SOA.
Octets negative(std::uint32_t ttl, std::uint32_t minimum) {
  const Octets soa = soa_rdata(name("ns.example.com"), minimum);
  return header(0, 0x8183, {.authorities = 1}) + question(qname) + record(pointer(16), Type::soa, ttl, soa);
}

std::uint32_t negative_ttl(std::uint32_t ttl, std::uint32_t minimum, std::uint32_t age) {
  return make_image(*aged(parsed(negative(ttl, minimum)), age), false).ttl;
}

}  // namespace

TEST_CASE("age takes from each TTL, down to 0, and leaves the OPT alone") {
  const Message response = *aged(parsed(positive), 250);
  const auto records = response.records();
  CHECK(records[0].ttl == 350);
  CHECK(records[1].ttl == 0);
  CHECK(response.index().dnssec_ok());
  CHECK(response.wire().size() == positive.size());
  CHECK(aged(parsed(positive), 0xFFFFFFFF)->records()[0].ttl == 0);
  CHECK(octets(aged(parsed(positive), 0)->wire()) == positive);
}

TEST_CASE("a negative answer's age counts against its SOA's MINIMUM") {
  CHECK(negative_ttl(3600, 60, 0) == 60);
  CHECK(negative_ttl(3600, 60, 50) == 10);
  CHECK(negative_ttl(3600, 60, 60) == 0);  // though 3540 of the SOA's own TTL are left
  CHECK(negative_ttl(60, 3600, 50) == 10);
  CHECK(negative_ttl(60, 3600, 3000) == 0);
}
