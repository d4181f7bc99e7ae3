#pragma once
#include <compare>
#include <cstddef>
#include <optional>
#include <vector>

#include "config/prefix.hpp"
#include "tacet/message.hpp"
#include "tacet/result.hpp"

namespace tacet {

/// This machine's addresses of both families, and the IPv6 networks on its links (it reaches their hosts without a
/// router). Pure but for take().
class OwnNetwork {
public:
  /// Leaves out networks beyond this number, and those larger than a /32: a route of half the Internet into a tunnel is
  /// no link with neighbours.
  static constexpr std::size_t most_links = 256;
  static constexpr unsigned least_length = 32;

  /// A network on a link.
  struct Link {
    OctetPrefix prefix;
    unsigned interface = 0;  ///< its index, if the network is link-local; else 0
    friend bool operator==(const Link&, const Link&) = default;
  };

  /// Reads the present state from the system: by rtnetlink, or without routes by getifaddrs(). Fault::system with its
  /// words.
  static Result<OwnNetwork> take();

  /// Adds an address that is in use here, at the interface with this index, and the network that it is part of.
  void add(const AddressOctets& address, unsigned length, unsigned interface);
  /// Adds a network on a link, unless a known one holds it. Removes the known ones that it holds.
  void add(OctetPrefix network, unsigned interface);
#ifdef __linux__
  /// Adds the content of a buffer of rtnetlink messages (RTM_NEWADDR, RTM_NEWROUTE). Skips tentative addresses,
  /// addresses that another machine has, and routes with a gateway. True when the buffer ended a dump.
  bool add(Bytes messages);
#endif

  /// True if it is an address of this machine. `interface` counts for link-local ones only. No allocation.
  bool holds(const AddressOctets& address, unsigned interface) const;
  /// The index in links() of the network of an IPv6 address; nothing if it is behind a router. No allocation.
  std::optional<std::size_t> link_of(const AddressOctets& address, unsigned interface) const;
  const std::vector<Link>& links() const { return links_; }

  friend bool operator==(const OwnNetwork&, const OwnNetwork&) = default;

private:
  struct Address {
    AddressOctets octets{};
    unsigned interface = 0;
    friend auto operator<=>(const Address&, const Address&) = default;
  };
  std::vector<Address> addresses_;  // sorted
  std::vector<Link> links_;         // sorted by interface and octets; none lies in another
};

}  // namespace tacet
