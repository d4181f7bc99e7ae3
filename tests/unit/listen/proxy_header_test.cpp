#include "listen/proxy_header.hpp"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>

#include <array>
#include <string>
#include <vector>

using namespace tacet;

namespace {

using Octets = std::vector<std::uint8_t>;

Octets header(std::uint8_t command, std::uint8_t family, const Octets& rest) {
  Octets made{0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a, command, family};
  made.push_back(static_cast<std::uint8_t>(rest.size() >> 8));
  made.push_back(static_cast<std::uint8_t>(rest.size()));
  made.insert(made.end(), rest.begin(), rest.end());
  return made;
}

const Octets v4{192, 0, 2, 7, 10, 0, 0, 1, 0x12, 0x34, 0, 53};

Octets v6() {
  Octets addresses(32, 0);
  addresses[0] = 0x20;
  addresses[15] = 9;
  addresses.insert(addresses.end(), {0x00, 0x50, 0x03, 0x55});
  return addresses;
}

std::string text_of(const KernelAddress& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const auto& v4_form = reinterpret_cast<const sockaddr_in&>(address.storage);
  const auto& v6_form = reinterpret_cast<const sockaddr_in6&>(address.storage);
  const bool is_v4 = address.family() == AF_INET;
  ::inet_ntop(address.family(), is_v4 ? static_cast<const void*>(&v4_form.sin_addr) : &v6_form.sin6_addr, text.data(),
              text.size());
  return std::string(text.data()) + " " + std::to_string(ntohs(is_v4 ? v4_form.sin_port : v6_form.sin6_port));
}

}  // namespace

TEST_CASE("A header tells the client's address, and how long it is") {
  auto octets = header(0x21, 0x12, v4);
  octets.insert(octets.end(), {1, 2, 3});
  const auto read = parse_proxy_header(octets);
  REQUIRE(read.has_value());
  CHECK(read->size == 28);
  REQUIRE(read->client.has_value());
  CHECK(text_of(*read->client) == "192.0.2.7 4660");
  const auto six = parse_proxy_header(header(0x21, 0x21, v6()));
  REQUIRE((six.has_value() && six->client.has_value()));
  CHECK(text_of(*six->client) == "2000::9 80");
}

TEST_CASE("Further parts of a header are skipped") {
  Octets rest = v4;
  rest.insert(rest.end(), 300, 0xee);
  const auto read = parse_proxy_header(header(0x21, 0x11, rest));
  REQUIRE(read.has_value());
  CHECK(read->size == 16 + 312);
  CHECK(text_of(*read->client) == "192.0.2.7 4660");
}

TEST_CASE("A front end may speak for itself, or for a client without an IP address") {
  for (const auto& octets :
       {header(0x20, 0x00, {}), header(0x20, 0x11, v4), header(0x21, 0x00, {}), header(0x21, 0x31, Octets(216, 'x'))}) {
    const auto read = parse_proxy_header(octets);
    REQUIRE(read.has_value());
    CHECK(!read->client.has_value());
  }
}

TEST_CASE("What is no whole header is refused") {
  const auto good = header(0x21, 0x11, v4);
  for (std::size_t size = 0; size < good.size(); ++size)
    CHECK(!parse_proxy_header(Bytes(good).first(size)).has_value());
  for (std::size_t at = 0; at < 12; ++at) {
    auto bad = good;
    bad[at] ^= 1;
    CHECK(!parse_proxy_header(bad).has_value());
  }
  CHECK(!parse_proxy_header(header(0x11, 0x11, v4)).has_value());
  CHECK(!parse_proxy_header(header(0x22, 0x11, v4)).has_value());
  CHECK(!parse_proxy_header(header(0x21, 0x21, v4)).has_value());
  CHECK(!parse_proxy_header(header(0x21, 0x11, Octets(ProxyHeader::most, 0))).has_value());
}
