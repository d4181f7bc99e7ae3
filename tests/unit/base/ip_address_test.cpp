#include "tacet/ip_address.hpp"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <random>
#include <string>
#include <string_view>
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

TEST_CASE("The system's library reads the same texts as addresses, and the same addresses") {
  constexpr std::array<std::string_view, 14> pieces{"0",    "1",     "9", "255", "256", "00", "a",
                                                    "FFFF", "12345", ":", ":",   "::",  ".",  "192.0.2.1"};
  std::mt19937 random(20261128);
  std::size_t addresses = 0;
  for (int i = 0; i < 200000; ++i) {
    std::string text;
    for (auto left = 1 + random() % 15; left > 0; --left) {
      text += pieces[random() % pieces.size()];
      if (left > 1 && random() % 2 == 0) text += i % 2 == 0 ? ":" : ".";
    }
    CAPTURE(text);
    std::array<std::uint8_t, 16> octets{};
    const bool is_v6 = text.contains(':');
    const bool is_one = ::inet_pton(is_v6 ? AF_INET6 : AF_INET, text.c_str(), octets.data()) == 1;
    const auto address = IpAddress::from_text(text);
    REQUIRE(address.has_value() == is_one);
    if (!is_one) continue;
    ++addresses;
    REQUIRE(address == IpAddress::from_octets(Bytes(octets).first(is_v6 ? 16 : 4)));
  }
  CHECK(addresses > 1000);
}

TEST_CASE("An address may name the interface of its link, and is another without it") {
  constexpr IpAddress here("fe80::1%eth0");
  CHECK(here.to_string() == "fe80::1%eth0");
  CHECK(here.interface() == "eth0");
  CHECK(here != IpAddress("fe80::1"));
  CHECK(here.without_interface() == IpAddress("fe80::1"));
  CHECK(here.without_interface().on("eth0") == here);
  CHECK(IpAddress() == IpAddress("0.0.0.0"));
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
