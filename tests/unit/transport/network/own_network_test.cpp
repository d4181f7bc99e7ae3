#include "transport/network/own_network.hpp"

#include <arpa/inet.h>
#include <doctest/doctest.h>

#include <string>

using namespace tacet;

namespace {

AddressOctets at(const std::string& address) {
  AddressOctets out{};
  REQUIRE(inet_pton(AF_INET6, address.c_str(), out.data()) == 1);
  return out;
}

}  // namespace

TEST_SUITE_BEGIN("own network");

TEST_CASE("an address is this machine's if it was added, a link-local one on its own link only") {
  OwnNetwork network;
  CHECK_FALSE(network.holds(at("fd00::1"), 0));
  network.add(at("fd00::1"), 64, 3);
  network.add(at("::ffff:192.0.2.1"), 120, 2);
  network.add(at("fe80::1"), 64, 3);
  CHECK(network.holds(at("fd00::1"), 0));
  CHECK(network.holds(at("fd00::1"), 7));  // it may come by another link than that which has the address
  CHECK(network.holds(at("::ffff:192.0.2.1"), 0));
  CHECK(network.holds(at("fe80::1"), 3));
  CHECK_FALSE(network.holds(at("fe80::1"), 2));
  for (const auto* other : {"fd00::2", "fd00::", "::ffff:192.0.2.2", "::192.0.2.1"})
    CHECK_FALSE(network.holds(at(other), 3));
}

TEST_CASE("a host is on a link if its address lies in a network of an address, or of a route without a gateway") {
  OwnNetwork network;
  network.add(at("fd00:1::1"), 64, 2);
  network.add(at("2001:db8::7"), 128, 2);
  network.add(at("fe80::1"), 64, 2);
  network.add(at("fe80::1"), 64, 3);
  CHECK(network.link_of(at("fd00:1::abcd"), 0).has_value());
  CHECK_FALSE(network.link_of(at("fd00:1:0:1::1"), 0));
  CHECK_FALSE(network.link_of(at("fd00::1"), 0));
  CHECK_FALSE(network.link_of(at("2001:db8::7"), 0));
  network.add(OctetPrefix{at("2001:db8::"), 64}, 2);  // as a router advertises it
  CHECK(network.link_of(at("2001:db8::8"), 0).has_value());
  REQUIRE(network.link_of(at("fe80::9"), 2));
  REQUIRE(network.link_of(at("fe80::9"), 3));
  CHECK(network.link_of(at("fe80::9"), 2) != network.link_of(at("fe80::9"), 3));
  CHECK_FALSE(network.link_of(at("fe80::9"), 4));
}

TEST_CASE("networks do not overlap, and neither IPv4 nor half of the Internet is a link") {
  OwnNetwork network;
  network.add(OctetPrefix{at("fd00:1:0:1::"), 64}, 2);
  network.add(OctetPrefix{at("fd00:1:0:2::"), 64}, 2);
  network.add(OctetPrefix{at("fd00:1::"), 48}, 2);
  network.add(OctetPrefix{at("fd00:1:0:3::"), 64}, 2);
  CHECK(network.links().size() == 1);
  network.add(OctetPrefix{at("2000::"), 3}, 4);
  network.add(OctetPrefix{at("::ffff:192.0.2.0"), 120}, 4);
  network.add(at("::ffff:192.0.2.1"), 120, 4);
  CHECK(network.links().size() == 1);
  for (unsigned i = 0; i < 1000; ++i) {
    AddressOctets address = at("fd02::");
    address[4] = static_cast<std::uint8_t>(i >> 8);
    address[5] = static_cast<std::uint8_t>(i & 255);
    network.add(OctetPrefix{address, 64}, 4);
  }
  CHECK(network.links().size() == OwnNetwork::most_links);
}

TEST_CASE("the system gives its addresses, the same ones twice, loopback among them") {
  const auto first = OwnNetwork::take();
  REQUIRE(first);
  CHECK(first->holds(at("::ffff:127.0.0.1"), 0));
  CHECK(*OwnNetwork::take() == *first);
}

TEST_SUITE_END();
