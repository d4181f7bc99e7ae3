#include "transport/network/own_network.hpp"

#include <algorithm>
#include <tuple>

namespace tacet {
namespace {

constexpr unsigned v4_starts = 96;  // bits of ::ffff:0:0/96

bool is_mapped(const AddressOctets& address) {
  static const OctetPrefix mapped{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, v4_starts};
  return mapped.holds(address);
}

/// An address of fe80::/10 is one of a link; any other is the machine's.
unsigned relevant(const AddressOctets& address, unsigned interface) {
  return address[0] == 0xfe && (address[1] & 0xc0) == 0x80 ? interface : 0;
}

auto order(const OwnNetwork::Link& link) { return std::tie(link.interface, link.prefix.octets); }

bool lies_in(const OwnNetwork::Link& inner, const OwnNetwork::Link& outer) {
  return inner.interface == outer.interface && inner.prefix.length >= outer.prefix.length &&
         outer.prefix.holds(inner.prefix.octets);
}

}  // namespace

void OwnNetwork::add(const AddressOctets& address, unsigned length, unsigned interface) {
  const Address own{address, relevant(address, interface)};
  const auto at = std::ranges::lower_bound(addresses_, own);
  if (at == addresses_.end() || *at != own) addresses_.insert(at, own);
  // An address alone in its network has no neighbours.
  if (!is_mapped(address) && length < 128) add({address, length}, interface);
}

void OwnNetwork::add(OctetPrefix network, unsigned interface) {
  if (network.length < least_length || is_mapped(network.octets)) return;
  network.clear_behind();
  const Link link{network, relevant(network.octets, interface)};
  if (std::ranges::any_of(links_, [&](const Link& other) { return lies_in(link, other); })) return;
  std::erase_if(links_, [&](const Link& other) { return lies_in(other, link); });
  if (links_.size() < most_links) links_.insert(std::ranges::lower_bound(links_, order(link), {}, order), link);
}

bool OwnNetwork::holds(const AddressOctets& address, unsigned interface) const {
  return std::ranges::binary_search(addresses_, Address{address, relevant(address, interface)});
}

std::optional<std::size_t> OwnNetwork::link_of(const AddressOctets& address, unsigned interface) const {
  const Link asked{{address, 128}, relevant(address, interface)};
  const auto behind = std::ranges::upper_bound(links_, order(asked), {}, order);
  if (behind == links_.begin() || !lies_in(asked, *std::prev(behind))) return std::nullopt;
  return static_cast<std::size_t>(std::prev(behind) - links_.begin());
}

}  // namespace tacet
