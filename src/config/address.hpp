#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tacet/config.hpp"
#include "tacet/result.hpp"

namespace tacet {

/// The address in its shortest usual text ("::1"), or nothing if `text` is no IPv4 or IPv6 address.
/// Brackets, ports and zone identifiers are not part of an address.
std::optional<std::string> canonical_address(std::string_view text);

/// True for 127.0.0.0/8 and ::1, in the text of canonical_address().
bool is_loopback(std::string_view address);

/// A decimal port, 1 to 65535.
std::optional<std::uint16_t> parse_port(std::string_view text);

/// "127.0.0.1:53", "127.0.0.1", "[::1]:53", "[::1]" or "::1"; the port is `default_port` if the text has none.
/// Fails with invalid_config: what is wrong and what is allowed.
Result<SocketAddress> parse_socket_address(std::string_view text, std::uint16_t default_port);

}  // namespace tacet
