#include <fmt/format.h>
#include <linux/if_addr.h>
#include <net/if.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

#include "transport/network/network_state.hpp"
#include "transport/network/rtnetlink.hpp"

namespace tacet {

namespace {

/// A VPN may leave the default route as it is and cover it by two routes of one bit each (OpenVPN's def1), or all of
/// IPv6 by 2000::/3.
constexpr unsigned char most_bits_of_wide_route = 3;

void append(std::string& fact, unsigned tag, Bytes octets) {
  fact += std::to_string(tag) + ':';
  fact.append(octets.begin(), octets.end());
}

/// An address by family, interface, prefix length and octets; empty if it does not matter. Lifetimes do not count,
/// because every router advertisement renews them.
std::string address_fact(Bytes payload) {
  ifaddrmsg head{};
  if (!read_fixed(payload, head) || head.ifa_scope >= RT_SCOPE_LINK) return {};
  std::uint32_t flags = head.ifa_flags;
  std::string fact = "address " + std::to_string(head.ifa_family) + ' ' + std::to_string(head.ifa_index) + '/' +
                     std::to_string(head.ifa_prefixlen) + ' ';
  for_each_attribute<ifaddrmsg>(payload, [&](unsigned type, Bytes value) {
    if (type == IFA_ADDRESS || type == IFA_LOCAL) append(fact, type, value);
    if (type == IFA_FLAGS && value.size() == sizeof flags) std::memcpy(&flags, value.data(), sizeof flags);
  });
  return (flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)) != 0 ? std::string() : fact;
}

}  // namespace

/// A followed link by name, number and whether it is up; empty for any other link.
std::string NetworkState::link_fact(Bytes payload) {
  ifinfomsg head{};
  std::string name;
  if (!read_fixed(payload, head)) return {};
  for_each_attribute<ifinfomsg>(payload, [&](unsigned type, Bytes value) {
    if (type == IFLA_IFNAME) name.assign(value.begin(), std::ranges::find(value, 0));
  });
  if (!followed_.contains(name)) return {};
  followed_links_.insert(head.ifi_index);
  return fmt::format("link {} {} {}", name, head.ifi_index, head.ifi_flags & (IFF_UP | IFF_RUNNING));
}

/// A default route, or a wide one in its place, by family, destination, gateway, interface and metric; also any route
/// over a followed link. Empty for any other route.
std::string NetworkState::route_fact(Bytes payload) const {
  rtmsg head{};
  if (!read_fixed(payload, head) || head.rtm_type != RTN_UNICAST || (head.rtm_flags & RTM_F_CLONED) != 0) return {};
  std::string fact = fmt::format("route {} {} {}", head.rtm_family, head.rtm_dst_len, head.rtm_flags & RTNH_F_LINKDOWN);
  bool counts = head.rtm_dst_len <= most_bits_of_wide_route;
  for_each_attribute<rtmsg>(payload, [&](unsigned type, Bytes value) {
    if (type == RTA_GATEWAY || type == RTA_OIF || type == RTA_PRIORITY || type == RTA_MULTIPATH || type == RTA_VIA ||
        type == RTA_TABLE || type == RTA_DST)
      append(fact, type, value);
    int link = 0;
    if (type == RTA_OIF && read_fixed(value, link)) counts = counts || followed_links_.contains(link);
  });
  return counts ? fact : std::string();
}

bool NetworkState::add(Bytes messages) {
  return for_each_rtnetlink_message(messages, [this](std::uint16_t type, Bytes payload) {
    std::string fact;
    if (type == RTM_NEWLINK) fact = link_fact(payload);
    if (type == RTM_NEWADDR) fact = address_fact(payload);
    if (type == RTM_NEWROUTE) fact = route_fact(payload);
    if (!fact.empty()) facts_.insert(std::move(fact));
  });
}

Result<NetworkState> NetworkState::take(const std::set<std::string>& followed) {
  NetworkState picture(followed);
  for (const std::uint16_t type :
       {std::uint16_t{RTM_GETLINK}, std::uint16_t{RTM_GETADDR}, std::uint16_t{RTM_GETROUTE}}) {
    if (type == RTM_GETLINK && followed.empty()) continue;
    const auto done = dump_rtnetlink(type, AF_UNSPEC, [&picture](Bytes messages) { return picture.add(messages); });
    if (!done) return fail(done.error());
  }
  return picture;
}

}  // namespace tacet
