#pragma once
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <cstdint>
#include <vector>

/// Messages of the kernel's routing socket (rtnetlink(7)), made by hand.
namespace netlink {

using Octets = std::vector<std::uint8_t>;

/// Adds the octets of a structure.
template <class T>
void append(Octets& to, const T& what) {
  const auto* octets = reinterpret_cast<const std::uint8_t*>(&what);
  to.insert(to.end(), octets, octets + sizeof what);
}

inline void attribute(Octets& to, unsigned short type, const Octets& value) {
  append(to, rtattr{static_cast<unsigned short>(RTA_LENGTH(value.size())), type});
  to.insert(to.end(), value.begin(), value.end());
  to.resize(NLMSG_ALIGN(to.size()));
}

inline Octets message(std::uint16_t type, const Octets& payload) {
  Octets made;
  append(made, nlmsghdr{static_cast<std::uint32_t>(NLMSG_LENGTH(payload.size())), type, 0, 0, 0});
  made.insert(made.end(), payload.begin(), payload.end());
  return made;
}

}  // namespace netlink
