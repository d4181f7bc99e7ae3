#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "tacet/config.hpp"
#include "tacet/result.hpp"

namespace tacet {

/// An address of either family: IPv6 as it is, IPv4 as ::ffff:a.b.c.d (RFC 4291 §2.5.5.2).
using AddressOctets = std::array<std::uint8_t, 16>;

/// A block of addresses in one form for both families.
struct OctetPrefix {
  AddressOctets octets{};
  unsigned length = 0;    ///< bits, 0 to 128
  std::string interface;  ///< the addresses are on its link; empty: on any link
  /// True if the octets lie in the block; does not compare links. Pre: no bit behind the prefix is set. No allocation:
  /// it runs for every query of another machine.
  bool holds(const AddressOctets& address) const;
  /// Clears the bits behind the prefix.
  void clear_behind();
  friend bool operator==(const OctetPrefix&, const OctetPrefix&) = default;
};

/// "192.168.1.0/24", "fd00::/8", "fe80::%eth0/64" (the addresses of one link), or a single address as
/// parse_host_address() takes it. Fault::invalid_config: what is wrong and what is allowed. Bits behind the prefix are
/// a mistake, too.
Result<AddressPrefix> parse_prefix(std::string_view text);

/// The same prefix for comparing. Pre: as parse_prefix() makes it.
OctetPrefix octets_of(const AddressPrefix& prefix);

/// True if a prefix holds addresses of the Internet: it lies in no block for loopback, link-local, private or shared
/// use (RFC 1918, 3927, 4193, 4291, 6598).
bool is_public(const AddressPrefix& prefix);

/// Fails if other machines can reach a listening address while `allow` is empty: Fault::invalid_config with what to
/// write.
Result<void> check_access(const std::vector<SocketAddress>& listen, const std::vector<AddressPrefix>& allow);

}  // namespace tacet
