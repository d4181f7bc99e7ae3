#pragma once
#include <cstdint>
#include <vector>

#include "dns/local_answer.hpp"
#include "tacet/name.hpp"

namespace tacet {

/// An encrypted resolver that a client may use in place of the one that it asked (RFC 9462).
struct DesignatedResolver {
  bool is_https = false;  ///< DNS over HTTPS at the path /dns-query; otherwise DNS over TLS
  std::uint16_t port = 853;
  Name target;                        ///< its name
  std::vector<std::uint8_t> address;  ///< where it is: 4 or 16 octets
};

/// "_dns.resolver.arpa.", the name at which clients ask for such resolvers.
const Name& designation_name();

/// The SVCB record that tells of it (RFC 9461 §4, RFC 9462 §4). `priority`: 1 is tried first.
LocalRecord designation_record(const DesignatedResolver& resolver, std::uint16_t priority);

}  // namespace tacet
