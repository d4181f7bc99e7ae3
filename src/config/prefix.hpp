#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "tacet/config.hpp"
#include "tacet/result.hpp"

namespace tacet {

/// An address of either family: that of IPv6, or ::ffff:a.b.c.d for one of IPv4 (RFC 4291 §2.5.5.2).
using AddressOctets = std::array<std::uint8_t, 16>;

/// A block of addresses in one form for both families.
struct OctetPrefix {
  AddressOctets octets{};
  unsigned length = 0;    ///< bits, 0 to 128
  std::string interface;  ///< on whose link the addresses are; empty: on any
  /// Whether the octets lie in it; on which link is another question. Pre: no bit behind the prefix is set. No
  /// allocation; for every query of another machine.
  bool holds(const AddressOctets& address) const;
  /// Clears the bits behind the prefix.
  void clear_behind();
  friend bool operator==(const OctetPrefix&, const OctetPrefix&) = default;
};

/// "192.168.1.0/24", "fd00::/8", "fe80::%eth0/64" (the addresses of one link), or an address alone, as
/// parse_host_address() takes it. Fails with invalid_config: what is wrong and what is allowed; bits behind the prefix
/// are a mistake, too.
Result<AddressPrefix> parse_prefix(std::string_view text);

/// The same prefix for comparing. Pre: as parse_prefix() makes it.
OctetPrefix octets_of(const AddressPrefix& prefix);

/// True if a prefix holds addresses of the Internet: it lies in no block for loopback, link-local, private or shared
/// use (RFC 1918, 3927, 4193, 4291, 6598).
bool is_public(const AddressPrefix& prefix);

/// An address to listen at that others can reach while nobody is allowed to ask; nothing if there is none.
/// Fault::invalid_config with what to write.
Result<void> check_access(const std::vector<SocketAddress>& listen, const std::vector<AddressPrefix>& allow);

}  // namespace tacet
