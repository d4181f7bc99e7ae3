#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "tacet/config.hpp"
#include "tacet/message.hpp"

namespace tacet {

/// The protocol under a plain DNS query.
enum class PlainTransport : std::uint8_t { udp, tcp };

/// One query that doctor sends in clear.
struct ClearQuery {
  std::string check;        ///< the check that needs it: "path.nonserver"
  std::string server_name;  ///< for people: "Cloudflare", "the network's own resolver"
  SocketAddress server;
  PlainTransport transport = PlainTransport::udp;
  Question question;
  bool dnssec = false;  ///< with the DO bit
  bool nsid = false;    ///< asks the server for its name (RFC 5001)
};

/// How doctor calls a resolver that the network announced.
inline constexpr auto own_resolver = "the network's own resolver";

/// The octets of the query with this ID: RD set, one OPT of 1232 octets if it has DO or asks for NSID.
std::vector<std::uint8_t> wire_of(const ClearQuery& query, std::uint16_t id);

/// "UDP to 192.0.2.53:53: iana.org. A".
std::string to_string(const ClearQuery& query);

}  // namespace tacet
