#include <doctest/doctest.h>
#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include <cstring>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "support/netlink_messages.hpp"
#include "transport/network/network_state.hpp"

using namespace tacet;

namespace {

using netlink::append;
using netlink::attribute;
using netlink::message;
using netlink::Octets;

struct Address {
  std::uint8_t last = 1;  // octet
  std::uint8_t scope = RT_SCOPE_UNIVERSE;
  std::uint32_t flags = 0;
  std::uint8_t lifetime = 1;
};

Octets address(const Address& what) {
  Octets payload;
  append(payload, ifaddrmsg{AF_INET, 24, 0, what.scope, 2});
  attribute(payload, IFA_ADDRESS, {192, 0, 2, what.last});
  attribute(payload, IFA_CACHEINFO, Octets(16, what.lifetime));
  Octets flags;
  append(flags, what.flags);
  attribute(payload, IFA_FLAGS, flags);
  return message(RTM_NEWADDR, payload);
}

Octets link(int number, const std::string& name, unsigned flags) {
  Octets payload;
  ifinfomsg head{};
  head.ifi_index = number;
  head.ifi_flags = flags;
  append(payload, head);
  Octets text(name.begin(), name.end());
  text.push_back(0);
  attribute(payload, IFLA_IFNAME, text);
  return message(RTM_NEWLINK, payload);
}

/// A route to a network by the link of this number.
Octets route_by(std::uint8_t number, std::uint8_t network) {
  Octets payload;
  rtmsg head{};
  head.rtm_family = AF_INET;
  head.rtm_dst_len = 24;
  head.rtm_type = RTN_UNICAST;
  append(payload, head);
  attribute(payload, RTA_DST, {10, 0, network, 0});
  attribute(payload, RTA_OIF, {number, 0, 0, 0});
  return message(RTM_NEWROUTE, payload);
}

Octets route(std::uint8_t prefix, std::uint8_t gateway) {
  Octets payload;
  rtmsg head{};
  head.rtm_family = AF_INET;
  head.rtm_dst_len = prefix;
  head.rtm_type = RTN_UNICAST;
  append(payload, head);
  attribute(payload, RTA_GATEWAY, {192, 0, 2, gateway});
  return message(RTM_NEWROUTE, payload);
}

NetworkState of(const std::vector<Octets>& messages, std::set<std::string> followed = {}) {
  NetworkState picture(std::move(followed));
  for (const Octets& each : messages) CHECK_FALSE(picture.add(each));
  return picture;
}

}  // namespace

TEST_CASE("addresses and default routes make the picture, in whatever order they are told") {
  CHECK(of({address({.last = 1}), route(0, 254)}) == of({route(0, 254), address({.last = 1})}));
  CHECK(of({address({.last = 1})}) != of({address({.last = 2})}));
  CHECK(of({address({.last = 1})}) != of({}));
  CHECK(of({route(0, 254)}) != of({route(0, 253)}));
}

TEST_CASE("routes that a VPN lays over the default route make the picture, too") {
  CHECK(of({route(0, 254), route(1, 253)}) != of({route(0, 254)}));
  CHECK(of({route(0, 254), route(3, 253)}) != of({route(0, 254)}));
  CHECK(of({route(0, 254), route(8, 253)}) == of({route(0, 254)}));
}

TEST_CASE("what does not change the way out does not change the picture") {
  CHECK(of({address({.lifetime = 1})}) == of({address({.lifetime = 2})}));
  CHECK(of({address({.scope = RT_SCOPE_LINK})}) == of({}));
  CHECK(of({address({.scope = RT_SCOPE_HOST})}) == of({}));
  CHECK(of({address({.flags = IFA_F_TENTATIVE})}) == of({}));
  CHECK(of({route(24, 254)}) == of({}));
  CHECK(of({message(RTM_NEWLINK, Octets(32, 1))}) == of({}));
}

TEST_CASE("a dump ends with its last message, and cut messages end it too") {
  NetworkState picture;
  CHECK(picture.add(message(NLMSG_DONE, Octets(4, 0))));
  const Octets whole = address({});
  for (std::size_t size = 0; size < whole.size(); ++size) {
    NetworkState cut;
    cut.add(Bytes(whole).first(size));
    CHECK(cut == NetworkState());
  }
  Octets lying = whole;
  lying[NLMSG_HDRLEN + sizeof(ifaddrmsg)] = 0xFF;  // an attribute longer than the message
  lying[NLMSG_HDRLEN + sizeof(ifaddrmsg) + 1] = 0xFF;
  CHECK_FALSE(picture.add(lying));
}

TEST_CASE("the kernel gives a picture, the same one twice") {
  const auto first = NetworkState::take();
  const auto second = NetworkState::take();
  REQUIRE(first);
  REQUIRE(second);
  CHECK(*first == *second);
}

TEST_CASE("of a followed interface it counts whether it is there and up, and each of its routes") {
  const std::set<std::string> wg0{"wg0"};
  const Octets up = link(7, "wg0", IFF_UP | IFF_RUNNING), down = link(7, "wg0", 0);
  CHECK(of({up}, wg0) != of({}, wg0));
  CHECK(of({up}, wg0) != of({down}, wg0));
  CHECK(of({up}, wg0) != of({link(8, "wg0", IFF_UP | IFF_RUNNING)}, wg0));
  CHECK(of({up}, wg0) == of({link(7, "wg0", IFF_UP | IFF_RUNNING | IFF_PROMISC)}, wg0));
  CHECK(of({up, route_by(7, 1)}, wg0) != of({up}, wg0));
  CHECK(of({up, route_by(7, 1)}, wg0) != of({up, route_by(7, 2)}, wg0));
  CHECK(of({up, route_by(9, 1)}, wg0) == of({up}, wg0));
  CHECK(of({link(3, "veth1", IFF_UP), route_by(3, 1)}, wg0) == of({}, wg0));
  CHECK(of({up, route_by(7, 1)}) == of({}));
}
