#include "resolve/validation/upstream_block.hpp"

#include <doctest/doctest.h>

#include "unit/dnssec/signed_zone.hpp"

using namespace tacet;
using namespace tacet::fixture;

namespace {

constexpr unsigned nxdomain = 3;

Packet addresses(std::initializer_list<std::string_view> lines) { return {ask("ads.test"), 0, records_from(lines)}; }

}  // namespace

TEST_CASE("Addresses that lead nowhere and a denial without a record look like a block") {
  CHECK(block_in(addresses({"ads.test. 300 A 0.0.0.0"}).message())->code == ede::blocked);
  CHECK(block_in(addresses({"ads.test. 300 AAAA ::"}).message()));
  CHECK(block_in(Packet{ask("ads.test"), nxdomain}.message()));
}

TEST_CASE("An answer that merely lost its signatures does not look like a block") {
  CHECK(!block_in(addresses({"ads.test. 300 A 192.0.2.1"}).message()));
  CHECK(!block_in(addresses({"ads.test. 300 A 0.0.0.0", "ads.test. 300 A 192.0.2.1"}).message()));
  CHECK(!block_in(Packet{ask("ads.test"), 0}.message()));
  CHECK(!block_in(Packet{ask("ads.test"), nxdomain, {}, SignedZone("test").soa()}.message()));
}
