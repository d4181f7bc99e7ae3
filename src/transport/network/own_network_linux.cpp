#include <linux/if_addr.h>
#include <sys/socket.h>

#include "transport/network/own_network.hpp"
#include "transport/network/rtnetlink.hpp"

namespace tacet {
namespace {

constexpr unsigned v4_starts = 96;

std::optional<AddressOctets> octets_of(std::uint8_t family, Bytes value) {
  AddressOctets octets{};
  if (family == AF_INET6 && read_fixed(value, octets)) return octets;
  if (family != AF_INET || value.size() < 4) return std::nullopt;
  octets[10] = octets[11] = 0xff;
  std::memcpy(octets.data() + v4_starts / 8, value.data(), 4);
  return octets;
}

/// True while the kernel still checks whether another machine has the address, or if one has it.
bool is_in_doubt(std::uint32_t flags) {
  const bool tentative = (flags & IFA_F_TENTATIVE) != 0 && (flags & IFA_F_OPTIMISTIC) == 0;
  return tentative || (flags & IFA_F_DADFAILED) != 0;
}

void add_address(OwnNetwork& network, Bytes payload) {
  ifaddrmsg head{};
  if (!read_fixed(payload, head)) return;
  std::uint32_t flags = head.ifa_flags;
  std::optional<AddressOctets> address, local;  // on a point-to-point link `address` is the other end's
  for_each_attribute<ifaddrmsg>(payload, [&](unsigned type, Bytes value) {
    if (type == IFA_ADDRESS) address = octets_of(head.ifa_family, value);
    if (type == IFA_LOCAL) local = octets_of(head.ifa_family, value);
    if (type == IFA_FLAGS) read_fixed(value, flags);
  });
  if ((!address && !local) || is_in_doubt(flags)) return;
  const unsigned length = head.ifa_prefixlen + (head.ifa_family == AF_INET ? v4_starts : 0);
  network.add(local ? *local : *address, length, head.ifa_index);
  if (local && address && head.ifa_family == AF_INET6) network.add(OctetPrefix{*address, length}, head.ifa_index);
}

void add_route(OwnNetwork& network, Bytes payload) {
  rtmsg head{};
  if (!read_fixed(payload, head) || head.rtm_family != AF_INET6 || head.rtm_type != RTN_UNICAST) return;
  if ((head.rtm_flags & RTM_F_CLONED) != 0) return;
  bool by_a_router = false;
  std::uint32_t interface = 0;
  std::optional<AddressOctets> to;
  for_each_attribute<rtmsg>(payload, [&](unsigned type, Bytes value) {
    by_a_router |= type == RTA_GATEWAY || type == RTA_VIA || type == RTA_MULTIPATH || type == RTA_ENCAP;
    if (type == RTA_OIF) read_fixed(value, interface);
    if (type == RTA_DST) to = octets_of(head.rtm_family, value);
  });
  if (to && interface != 0 && !by_a_router) network.add(OctetPrefix{*to, head.rtm_dst_len}, interface);
}

}  // namespace

bool OwnNetwork::add(Bytes messages) {
  return for_each_rtnetlink_message(messages, [this](std::uint16_t type, Bytes payload) {
    if (type == RTM_NEWADDR) add_address(*this, payload);
    if (type == RTM_NEWROUTE) add_route(*this, payload);
  });
}

Result<OwnNetwork> OwnNetwork::take() {
  OwnNetwork network;
  const auto add = [&network](Bytes messages) { return network.add(messages); };
  if (const auto done = dump_rtnetlink(RTM_GETADDR, AF_UNSPEC, add); !done) return fail(done.error());
  if (const auto done = dump_rtnetlink(RTM_GETROUTE, AF_INET6, add); !done) return fail(done.error());
  return network;
}

}  // namespace tacet
