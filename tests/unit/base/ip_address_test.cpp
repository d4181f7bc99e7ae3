#include "base/ip_address.hpp"

#include <doctest/doctest.h>
#include <netinet/in.h>

#include <algorithm>
#include <utility>
#include <vector>

using namespace tacet;

TEST_CASE("An address has one text, the shortest usual one") {
  for (const auto& [given, shortest] : std::vector<std::pair<std::string_view, std::string_view>>{
           {"192.0.2.1", "192.0.2.1"},
           {"0.0.0.0", "0.0.0.0"},
           {"::1", "::1"},
           {"0:0:0:0:0:0:0:1", "::1"},
           {"2001:DB8::00ff", "2001:db8::ff"},
           {"::ffff:192.0.2.1", "::ffff:192.0.2.1"},
           {"ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"}}) {
    CAPTURE(given);
    const auto address = IpAddress::from_text(given);
    REQUIRE(address);
    CHECK(address->to_string() == shortest);
    CHECK(address->is_v6() == (given.find(':') != std::string_view::npos));
    CHECK(IpAddress::from_octets(address->octets()) == address);
    CHECK(IpAddress::from_text(shortest) == address);
  }
}

TEST_CASE("Nothing else is an address") {
  for (const std::string_view text :
       {std::string_view(""), std::string_view("192.0.2"), std::string_view("192.0.2.256"),
        std::string_view("192.0.2.1:53"), std::string_view("[::1]"), std::string_view("fe80::1%eth0"),
        std::string_view("::1\0x", 5), std::string_view("192.0.2.1\0", 10), std::string_view(" ::1"),
        std::string_view("1:2:3:4:5:6:7:8:9"), std::string_view("0000:0000:0000:0000:0000:0000:0000:0000:0000:0001")}) {
    CAPTURE(text.size());
    CHECK_FALSE(IpAddress::from_text(text));
  }
  for (const std::size_t size : {0U, 3U, 5U, 15U, 17U})
    CHECK_FALSE(IpAddress::from_octets(std::vector<std::uint8_t>(size)));
}

TEST_CASE("The kernel's addresses are read by their family") {
  sockaddr_storage storage{};
  auto& v4 = reinterpret_cast<sockaddr_in&>(storage);
  v4.sin_family = AF_INET;
  v4.sin_addr.s_addr = htonl(0xC0000201);
  CHECK(IpAddress::from_kernel(reinterpret_cast<const sockaddr&>(storage)) == IpAddress::from_text("192.0.2.1"));
  auto& v6 = reinterpret_cast<sockaddr_in6&>(storage);
  storage = {};
  v6.sin6_family = AF_INET6;
  v6.sin6_addr.s6_addr[15] = 1;
  CHECK(IpAddress::from_kernel(reinterpret_cast<const sockaddr&>(storage)) == IpAddress::from_text("::1"));
  storage.ss_family = AF_UNIX;
  CHECK_FALSE(IpAddress::from_kernel(reinterpret_cast<const sockaddr&>(storage)));
}
