#pragma once
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <functional>

#include "base/descriptor.hpp"
#include "tacet/message.hpp"
#include "tacet/result.hpp"

namespace tacet {

/// A non-blocking socket on which the kernel tells changes of these groups (RTMGRP_…); none, and errno, if it refuses.
Descriptor subscribe_to_rtnetlink(std::uint32_t groups);

/// Asks for all addresses (RTM_GETADDR) or all routes (RTM_GETROUTE) of a family, AF_UNSPEC for both. Hands the buffers
/// of the answer to `add` until it returns true, see for_each_rtnetlink_message(). The kernel answers at once.
/// Fault::system with its words.
Result<void> dump_rtnetlink(std::uint16_t type, std::uint8_t family, const std::function<bool(Bytes)>& add);

/// Calls visit(type, payload) for each message of a buffer. True if the buffer ended a dump (NLMSG_DONE or NLMSG_ERROR)
/// or is malformed.
template <class Visit>
bool for_each_rtnetlink_message(Bytes messages, Visit&& visit) {
  while (messages.size() >= sizeof(nlmsghdr)) {
    nlmsghdr header;
    std::memcpy(&header, messages.data(), sizeof header);
    if (header.nlmsg_len < sizeof header || header.nlmsg_len > messages.size()) return true;
    if (header.nlmsg_type == NLMSG_DONE || header.nlmsg_type == NLMSG_ERROR) return true;
    visit(header.nlmsg_type, messages.first(header.nlmsg_len).subspan(NLMSG_HDRLEN));
    messages = messages.subspan(std::min<std::size_t>(NLMSG_ALIGN(header.nlmsg_len), messages.size()));
  }
  return false;
}

/// Calls visit(type, octets) for each attribute of a message whose fixed part is a T.
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

/// Reads a message's fixed part, or an attribute's value; false if that is too short.
template <class T>
bool read_fixed(Bytes payload, T& fixed) {
  if (payload.size() < sizeof fixed) return false;
  std::memcpy(&fixed, payload.data(), sizeof fixed);
  return true;
}

}  // namespace tacet
