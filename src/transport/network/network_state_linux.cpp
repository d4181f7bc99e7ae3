#include <linux/if_addr.h>
#include <sys/socket.h>

#include <cstring>

#include "transport/network/network_state.hpp"
#include "transport/network/rtnetlink.hpp"

namespace tacet {

namespace {

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

/// A default route by family, gateway, interface and metric; empty for any other route.
std::string route_fact(Bytes payload) {
  rtmsg head{};
  if (!read_fixed(payload, head) || head.rtm_dst_len != 0 || head.rtm_type != RTN_UNICAST) return {};
  if ((head.rtm_flags & RTM_F_CLONED) != 0) return {};
  std::string fact =
      "route " + std::to_string(head.rtm_family) + ' ' + std::to_string(head.rtm_flags & RTNH_F_LINKDOWN);
  for_each_attribute<rtmsg>(payload, [&](unsigned type, Bytes value) {
    if (type == RTA_GATEWAY || type == RTA_OIF || type == RTA_PRIORITY || type == RTA_MULTIPATH || type == RTA_VIA ||
        type == RTA_TABLE)
      append(fact, type, value);
  });
  return fact;
}

}  // namespace

bool NetworkState::add(Bytes messages) {
  return for_each_rtnetlink_message(messages, [this](std::uint16_t type, Bytes payload) {
    std::string fact;
    if (type == RTM_NEWADDR) fact = address_fact(payload);
    if (type == RTM_NEWROUTE) fact = route_fact(payload);
    if (!fact.empty()) facts_.insert(std::move(fact));
  });
}

Result<NetworkState> NetworkState::take() {
  NetworkState picture;
  for (const std::uint16_t type : {std::uint16_t{RTM_GETADDR}, std::uint16_t{RTM_GETROUTE}}) {
    const auto done = dump_rtnetlink(type, AF_UNSPEC, [&picture](Bytes messages) { return picture.add(messages); });
    if (!done) return fail(done.error());
  }
  return picture;
}

}  // namespace tacet
