#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <cstring>
#include <string>
#include <vector>

#include "support/netlink_messages.hpp"
#include "transport/network/own_network.hpp"

using namespace tacet;

namespace {

using netlink::append;
using Buffer = netlink::Octets;

template <class T>
void attribute(Buffer& to, unsigned short type, const T& value) {
  append(to, rtattr{static_cast<unsigned short>(RTA_LENGTH(sizeof value)), type});
  append(to, value);
  to.resize(NLMSG_ALIGN(to.size()));
}

AddressOctets at(const std::string& address) {
  AddressOctets out{};
  REQUIRE(inet_pton(AF_INET6, address.c_str(), out.data()) == 1);
  return out;
}

/// Adds a message of this type and payload to `network`.
void tell(OwnNetwork& network, std::uint16_t type, const Buffer& payload) {
  CHECK_FALSE(network.add(netlink::message(type, payload)));
}

void tell_address(OwnNetwork& network, const std::string& address, std::uint32_t flags, const std::string& local = {}) {
  Buffer payload;
  append(payload, ifaddrmsg{AF_INET6, 64, 0, RT_SCOPE_UNIVERSE, 2});
  attribute(payload, IFA_ADDRESS, at(address));
  if (!local.empty()) attribute(payload, IFA_LOCAL, at(local));
  attribute(payload, IFA_FLAGS, flags);
  tell(network, RTM_NEWADDR, payload);
}

struct UpstreamGroup {
  std::uint8_t type = RTN_UNICAST;
  unsigned flags = 0;
  bool by_gateway = false;
};

void tell_route(OwnNetwork& network, const std::string& to, const UpstreamGroup& way) {
  Buffer payload;
  rtmsg head{};
  head.rtm_family = AF_INET6;
  head.rtm_dst_len = 64;
  head.rtm_type = way.type;
  head.rtm_flags = way.flags;
  append(payload, head);
  attribute(payload, RTA_DST, at(to));
  attribute(payload, RTA_OIF, std::uint32_t{2});
  if (way.by_gateway) attribute(payload, RTA_GATEWAY, at("fe80::1"));
  tell(network, RTM_NEWROUTE, payload);
}

}  // namespace

TEST_CASE("of the kernel's addresses those are this machine's that no other machine has or may have") {
  OwnNetwork network;
  tell_address(network, "fd00::1", IFA_F_PERMANENT);
  tell_address(network, "fd00::2", IFA_F_TEMPORARY);
  tell_address(network, "fd00::3", IFA_F_DEPRECATED);
  tell_address(network, "fd00::4", IFA_F_TENTATIVE | IFA_F_OPTIMISTIC);
  tell_address(network, "fd00::5", IFA_F_TENTATIVE);
  tell_address(network, "fd00::6", IFA_F_DADFAILED);
  tell_address(network, "fd00::7", IFA_F_PERMANENT, "fd00::8");  // a link between two: the other end, and ours
  for (const auto* own : {"fd00::1", "fd00::2", "fd00::3", "fd00::4", "fd00::8"}) CHECK(network.holds(at(own), 0));
  for (const auto* other : {"fd00::5", "fd00::6", "fd00::7"}) CHECK_FALSE(network.holds(at(other), 0));
}

TEST_CASE("an IPv4 address is held in the form that clients are compared in") {
  OwnNetwork network;
  Buffer payload;
  append(payload, ifaddrmsg{AF_INET, 24, 0, RT_SCOPE_UNIVERSE, 2});
  attribute(payload, IFA_ADDRESS, std::array<std::uint8_t, 4>{192, 0, 2, 1});
  tell(network, RTM_NEWADDR, payload);
  CHECK(network.holds(at("::ffff:192.0.2.1"), 0));
  CHECK(network.links().empty());
}

TEST_CASE("of the kernel's routes those lead to a link that have no gateway") {
  OwnNetwork network;
  tell_route(network, "2001:db8:1::", {});
  tell_route(network, "2001:db8:2::", {.by_gateway = true});
  tell_route(network, "2001:db8:3::", {.type = RTN_BLACKHOLE});
  tell_route(network, "2001:db8:4::", {.flags = RTM_F_CLONED});
  CHECK(network.link_of(at("2001:db8:1::9"), 0).has_value());
  for (const auto* other : {"2001:db8:2::9", "2001:db8:3::9", "2001:db8:4::9"})
    CHECK_FALSE(network.link_of(at(other), 0));
}

TEST_CASE("cut messages add nothing") {
  Buffer payload;
  append(payload, ifaddrmsg{AF_INET6, 64, 0, RT_SCOPE_UNIVERSE, 2});
  attribute(payload, IFA_ADDRESS, at("fd00::1"));
  Buffer whole;
  append(whole, nlmsghdr{static_cast<std::uint32_t>(NLMSG_LENGTH(payload.size())), RTM_NEWADDR, 0, 0, 0});
  whole.insert(whole.end(), payload.begin(), payload.end());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    OwnNetwork cut;
    cut.add(Bytes(whole).first(size));
    CHECK(cut == OwnNetwork());
  }
}
