#include "config/prefix.hpp"

#include <doctest/doctest.h>

using namespace tacet;

namespace {

AddressOctets octets(std::string_view address) { return octets_of(parse_prefix(address).value()).octets; }

bool holds(std::string_view prefix, std::string_view address) {
  return octets_of(parse_prefix(prefix).value()).holds(octets(address));
}

}  // namespace

TEST_CASE("a prefix is an address with its bits, or an address alone") {
  CHECK(parse_prefix("192.168.1.0/24").value() == AddressPrefix{"192.168.1.0", 24});
  CHECK(parse_prefix("FD00:0::/8").value() == AddressPrefix{"fd00::", 8});
  CHECK(parse_prefix("0.0.0.0/0").value() == AddressPrefix{"0.0.0.0", 0});
  CHECK(parse_prefix("192.0.2.7").value() == AddressPrefix{"192.0.2.7", 32});
  CHECK(parse_prefix("2001:db8::7").value() == AddressPrefix{"2001:db8::7", 128});
  CHECK(to_string(parse_prefix("fd00::/8").value()) == "fd00::/8");
  CHECK(parse_prefix("fe80::/10").value() == AddressPrefix{"fe80::", 10});
  CHECK(parse_prefix("fe80::1%eth0").value() == AddressPrefix{"fe80::1%eth0", 128});
  CHECK(parse_prefix("FE80::%eth0/64").value() == AddressPrefix{"fe80::%eth0", 64});
  for (const auto* text : {"fe80::1%eth0", "fe80::%eth0/64"}) {
    const AddressPrefix prefix = parse_prefix(text).value();
    CHECK(octets_of(prefix).interface == "eth0");
    CHECK(parse_prefix(to_string(prefix)).value() == prefix);
    CHECK(!is_public(prefix));
  }
  CHECK(octets_of(parse_prefix("fe80::/10").value()).interface.empty());
}

TEST_CASE("what is no prefix is refused with what is allowed") {
  for (const auto* text : {"", "/", "/8", "10.0.0.0/", "10.0.0.0/33", "fd00::/129", "10.0.0.0/-1", "10.0.0.0/8/8",
                           "localnet", "10.0.0/8", "10.0.0.0/ 8", "[fd00::]/8"}) {
    CAPTURE(text);
    const auto prefix = parse_prefix(text);
    REQUIRE_FALSE(prefix.has_value());
    CHECK(prefix.error().detail.find("is no prefix, allowed: such as 192.168.1.0/24") != std::string::npos);
  }
  CHECK(parse_prefix("fe80::1").error().detail.find("name the interface") != std::string::npos);
  CHECK(parse_prefix("fd00::%eth0/8").error().detail.find("only link-local") != std::string::npos);
  CHECK(parse_prefix("fe80::1%eth0/64").error().detail ==
        R"("fe80::1%eth0/64" has bits behind its prefix, allowed: fe80::%eth0/64)");
  CHECK(parse_prefix("192.168.1.2/24").error().detail ==
        R"("192.168.1.2/24" has bits behind its prefix, allowed: 192.168.1.0/24)");
  CHECK(parse_prefix("2001:db8::1/64").error().detail ==
        R"("2001:db8::1/64" has bits behind its prefix, allowed: 2001:db8::/64)");
}

TEST_CASE("a prefix holds its addresses, and none of another family") {
  CHECK(holds("192.168.1.0/24", "192.168.1.0"));
  CHECK(holds("192.168.1.0/24", "192.168.1.255"));
  CHECK_FALSE(holds("192.168.1.0/24", "192.168.2.0"));
  CHECK(holds("192.168.1.128/25", "192.168.1.128"));
  CHECK_FALSE(holds("192.168.1.128/25", "192.168.1.127"));
  CHECK(holds("192.0.2.7", "192.0.2.7"));
  CHECK_FALSE(holds("192.0.2.7", "192.0.2.6"));
  CHECK(holds("0.0.0.0/0", "255.255.255.255"));
  CHECK_FALSE(holds("0.0.0.0/0", "2001:db8::1"));
  CHECK(holds("fd00::/8", "fdff::1"));
  CHECK_FALSE(holds("fd00::/8", "fc00::1"));
}

TEST_CASE("public is what reaches beyond private blocks") {
  for (const auto* text : {"0.0.0.0/0", "::/0", "8.8.8.0/24", "10.0.0.0/7", "192.168.0.0/15", "2000::/3", "fc00::/6"})
    CHECK_MESSAGE(is_public(parse_prefix(text).value()), text);
  for (const auto* text :
       {"10.0.0.0/8", "10.1.2.3", "172.16.0.0/12", "172.31.0.0/16", "192.168.1.0/24", "100.64.0.0/10", "169.254.0.0/16",
        "127.0.0.0/8", "::1", "fc00::/7", "fd12::/16", "fe80::/10"})
    CHECK_MESSAGE(!is_public(parse_prefix(text).value()), text);
}

TEST_CASE("an address that others reach needs somebody who may ask") {
  const std::vector<SocketAddress> here{{"127.0.0.1", 53}, {"127.8.8.8", 53}, {"::1", 53}};
  CHECK(check_access(here, {}).has_value());
  for (const IpAddress& address : {IpAddress("0.0.0.0"), IpAddress("::"), IpAddress("192.168.1.2"),
                                   IpAddress("fe80::1%eth0"), IpAddress("12.7.0.1")}) {
    CAPTURE(address.to_string());
    auto listen = here;
    listen.push_back({address, 53});
    const auto closed = check_access(listen, {});
    REQUIRE_FALSE(closed.has_value());
    CHECK(closed.error().fault == Fault::invalid_config);
    CHECK(closed.error().detail.find("List the machines that may ask, such as: allow: [192.168.1.0/24") !=
          std::string::npos);
    CHECK(check_access(listen, {{"10.0.0.0", 8}}).has_value());
  }
}
