#pragma once
#include <cstddef>
#include <optional>

#include "tacet/name.hpp"
#include "tacet/result.hpp"
#include "transport/dial/socket.hpp"

namespace tacet {

/// What a front end says of a client before the client's own octets: the PROXY protocol, version 2, by HAProxy.
struct ProxyHeader {
  static constexpr std::size_t fixed_size = 16;  ///< octets before the part of variable length
  static constexpr std::size_t most = 2048;      ///< octets of a whole header

  std::size_t size = 0;  ///< octets of the header
  /// Nothing if the front end speaks for itself (a health check), or if the client has no IP address.
  std::optional<KernelAddress> client;
};

/// The size of a header in octets, from its first `fixed_size` octets. Fault::malformed if they begin no such header.
/// Pre: at least fixed_size octets.
Result<std::size_t> proxy_header_size(Bytes octets);

/// Whether these octets begin as such a header does.
bool begins_proxy_header(Bytes octets);

/// Reads the header at the front of `octets`. Fault::malformed if there is none, or not all of it.
Result<ProxyHeader> parse_proxy_header(Bytes octets);

}  // namespace tacet
