#include <fmt/format.h>
#include <linux/if_addr.h>
#include <sys/socket.h>

#include <algorithm>

#include "transport/network/network_identity.hpp"
#include "transport/network/rtnetlink.hpp"

namespace tacet {
namespace {

/// The first `length` bits of an address, in hexadecimal digits with the length.
std::string prefix_of(Bytes address, unsigned length) {
  std::string text;
  for (std::size_t at = 0; at < address.size(); ++at) {
    const auto bits = static_cast<unsigned>(std::clamp(static_cast<int>(length) - static_cast<int>(at * 8), 0, 8));
    text += fmt::format("{:02x}", address[at] & (0xff00U >> bits & 0xffU));
  }
  return fmt::format("{}/{}", text, length);
}

}  // namespace

void NetworkIdentity::add_address(Bytes payload) {
  ifaddrmsg head{};
  if (!read_fixed(payload, head) || head.ifa_scope >= RT_SCOPE_LINK) return;
  for_each_attribute<ifaddrmsg>(payload, [&](unsigned type, Bytes value) {
    if (type == IFA_ADDRESS) prefixes_[{head.ifa_family, head.ifa_index}].insert(prefix_of(value, head.ifa_prefixlen));
  });
}

void NetworkIdentity::add_route(Bytes payload) {
  rtmsg head{};
  if (!read_fixed(payload, head) || head.rtm_type != RTN_UNICAST || head.rtm_dst_len != 0) return;
  std::string gateway;
  std::uint32_t link = 0;
  for_each_attribute<rtmsg>(payload, [&](unsigned type, Bytes value) {
    if (type == RTA_GATEWAY) gateway = prefix_of(value, static_cast<unsigned>(value.size() * 8));
    if (type == RTA_OIF) read_fixed(value, link);
  });
  gateways_[{head.rtm_family, link}].insert(gateway);
}

bool NetworkIdentity::add(Bytes messages) {
  return for_each_rtnetlink_message(messages, [this](std::uint16_t type, Bytes payload) {
    if (type == RTM_NEWADDR) add_address(payload);
    if (type == RTM_NEWROUTE) add_route(payload);
  });
}

std::string NetworkIdentity::text() const {
  for (const std::uint8_t family : {std::uint8_t{AF_INET}, std::uint8_t{AF_INET6}}) {
    std::set<std::string> facts;  // sorted, because the numbers of links change
    for (const auto& [place, gateways] : gateways_) {
      if (place.first != family) continue;
      for (const std::string& gateway : gateways) facts.insert("by " + gateway);
      if (const auto here = prefixes_.find(place); here != prefixes_.end())
        facts.insert(here->second.begin(), here->second.end());
    }
    if (!facts.empty()) return fmt::format("{}", fmt::join(facts, " "));
  }
  return {};
}

Result<std::string> NetworkIdentity::take() {
  NetworkIdentity identity;
  for (const std::uint16_t type : {std::uint16_t{RTM_GETADDR}, std::uint16_t{RTM_GETROUTE}}) {
    const auto done = dump_rtnetlink(type, AF_UNSPEC, [&](Bytes messages) { return identity.add(messages); });
    if (!done) return fail(done.error());
  }
  return identity.text();
}

}  // namespace tacet
