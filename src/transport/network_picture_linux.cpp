#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "base/descriptor.hpp"
#include "transport/network_picture.hpp"

namespace tacet {

namespace {

/// The attributes of a message whose fixed part is a T, as [type, value] pairs.
template <class T, class Visit>
void for_each_attribute(Bytes payload, Visit&& visit) {
  for (std::size_t at = NLMSG_ALIGN(sizeof(T)); at + sizeof(rtattr) <= payload.size();) {
    rtattr attribute;
    std::memcpy(&attribute, payload.data() + at, sizeof attribute);
    if (attribute.rta_len < sizeof attribute || attribute.rta_len > payload.size() - at) return;
    visit(attribute.rta_type, payload.subspan(at + sizeof attribute, attribute.rta_len - sizeof attribute));
    at += RTA_ALIGN(attribute.rta_len);
  }
}

template <class T>
bool read_fixed(Bytes payload, T& fixed) {
  if (payload.size() < sizeof fixed) return false;
  std::memcpy(&fixed, payload.data(), sizeof fixed);
  return true;
}

void append(std::string& fact, unsigned tag, Bytes octets) {
  fact += std::to_string(tag) + ':';
  fact.append(octets.begin(), octets.end());
}

/// An address by family, interface, prefix length and octets; empty if it does not matter. Not by its lifetimes, which
/// every router advertisement renews.
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

std::unexpected<Error> failed(const char* call) {
  return fail(Fault::system, std::string("rtnetlink: ") + call + ": " + std::generic_category().message(errno));
}

/// Asks for all addresses or all routes and adds the answer; the kernel answers within the calls.
Result<void> dump(std::uint16_t type, NetworkPicture& picture) {
  const Descriptor socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!socket) return failed("socket");
  struct {
    nlmsghdr header;
    rtgenmsg general;
  } request{};
  request.header.nlmsg_len = NLMSG_LENGTH(sizeof request.general);
  request.header.nlmsg_type = type;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  request.general.rtgen_family = AF_UNSPEC;
  if (::send(socket.get(), &request, request.header.nlmsg_len, 0) < 0) return failed("send");
  std::array<std::uint8_t, 32768> buffer;
  for (;;) {
    const ssize_t size = ::recv(socket.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (size <= 0) return failed("recv");
    if (picture.add(Bytes(buffer.data(), static_cast<std::size_t>(size)))) return {};
  }
}

}  // namespace

bool NetworkPicture::add(Bytes messages) {
  while (messages.size() >= sizeof(nlmsghdr)) {
    nlmsghdr header;
    std::memcpy(&header, messages.data(), sizeof header);
    if (header.nlmsg_len < sizeof header || header.nlmsg_len > messages.size()) return true;
    if (header.nlmsg_type == NLMSG_DONE || header.nlmsg_type == NLMSG_ERROR) return true;
    const Bytes payload = messages.first(header.nlmsg_len).subspan(NLMSG_HDRLEN);
    std::string fact;
    if (header.nlmsg_type == RTM_NEWADDR) fact = address_fact(payload);
    if (header.nlmsg_type == RTM_NEWROUTE) fact = route_fact(payload);
    if (!fact.empty()) facts_.insert(std::move(fact));
    messages = messages.subspan(std::min<std::size_t>(NLMSG_ALIGN(header.nlmsg_len), messages.size()));
  }
  return false;
}

Result<NetworkPicture> NetworkPicture::take() {
  NetworkPicture picture;
  for (const std::uint16_t type : {std::uint16_t{RTM_GETADDR}, std::uint16_t{RTM_GETROUTE}})
    if (auto done = dump(type, picture); !done) return fail(std::move(done.error()));
  return picture;
}

}  // namespace tacet
