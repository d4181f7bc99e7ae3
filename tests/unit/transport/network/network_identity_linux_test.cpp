#include <doctest/doctest.h>
#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <cstdint>
#include <vector>

#include "support/netlink_messages.hpp"
#include "transport/network/network_identity.hpp"

using namespace tacet;

namespace {

using netlink::append;
using netlink::attribute;
using netlink::message;
using netlink::Octets;

Octets address(std::uint8_t family, std::uint32_t link, std::uint8_t length, const Octets& value) {
  Octets payload;
  append(payload, ifaddrmsg{family, length, 0, RT_SCOPE_UNIVERSE, link});
  attribute(payload, IFA_ADDRESS, value);
  return message(RTM_NEWADDR, payload);
}

Octets route(std::uint8_t family, std::uint8_t link, std::uint8_t to_length, const Octets& gateway) {
  Octets payload;
  rtmsg head{};
  head.rtm_family = family;
  head.rtm_dst_len = to_length;
  head.rtm_type = RTN_UNICAST;
  append(payload, head);
  if (!gateway.empty()) attribute(payload, RTA_GATEWAY, gateway);
  attribute(payload, RTA_OIF, {link, 0, 0, 0});
  return message(RTM_NEWROUTE, payload);
}

std::string identity(const std::vector<Octets>& messages) {
  NetworkIdentity identity;
  for (const Octets& each : messages) identity.add(each);
  return identity.text();
}

const Octets gateway{192, 168, 1, 1}, gateway6{0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};

}  // namespace

TEST_CASE("a network is known again by its gateway and prefix, whatever address and link the machine gets there") {
  const auto home = identity({address(AF_INET, 2, 24, {192, 168, 1, 7}), route(AF_INET, 2, 0, gateway)});
  CHECK_FALSE(home.empty());
  CHECK(identity({address(AF_INET, 5, 24, {192, 168, 1, 200}), route(AF_INET, 5, 0, gateway)}) == home);
  CHECK(identity({address(AF_INET, 2, 24, {192, 168, 1, 7}), address(AF_INET, 3, 16, {172, 17, 0, 1}),
                  route(AF_INET, 2, 0, gateway), route(AF_INET, 3, 16, {})}) == home);
  CHECK(identity({address(AF_INET, 2, 24, {192, 168, 2, 7}), route(AF_INET, 2, 0, gateway)}) != home);
  CHECK(identity({address(AF_INET, 2, 24, {192, 168, 1, 7}), route(AF_INET, 2, 0, {192, 168, 1, 2})}) != home);
  CHECK(identity({address(AF_INET, 2, 24, {192, 168, 1, 7}), route(AF_INET, 2, 0, {})}) != home);
}

TEST_CASE("IPv6 counts only where there is no IPv4, because it comes later") {
  const auto v4 = identity({address(AF_INET, 2, 24, {192, 168, 1, 7}), route(AF_INET, 2, 0, gateway)});
  const Octets own{0xfd, 9, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8};
  CHECK(identity({address(AF_INET, 2, 24, {192, 168, 1, 7}), address(AF_INET6, 2, 64, own),
                  route(AF_INET, 2, 0, gateway), route(AF_INET6, 2, 0, gateway6)}) == v4);
  const auto v6 = identity({address(AF_INET6, 2, 64, own), route(AF_INET6, 2, 0, gateway6)});
  CHECK_FALSE(v6.empty());
  CHECK(v6 != v4);
}

TEST_CASE("without a default route there is no network to remember") {
  CHECK(identity({address(AF_INET, 2, 24, {192, 168, 1, 7}), route(AF_INET, 2, 24, {})}).empty());
  CHECK(NetworkIdentity::take());
}
