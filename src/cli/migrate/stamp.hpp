#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "tacet/result.hpp"

namespace tacet {

/// A server as a DNS stamp describes it (sdns://, dnscrypt.info/stamps-specifications).
struct ServerStamp {
  std::string url;  ///< https://HOST/PATH, tls://HOST or quic://HOST
  std::vector<std::string> addresses;
  bool has_pins = false;  ///< it names digests of certificates
};

/// Decodes a stamp. Fault::invalid_config for one that is broken, and for a server of a protocol that is plain, that
/// needs a relay or that tacet does not speak (DNSCrypt); the detail says which.
Result<ServerStamp> read_stamp(std::string_view stamp);

}  // namespace tacet
