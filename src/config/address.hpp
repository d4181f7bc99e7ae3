#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tacet/config.hpp"
#include "tacet/result.hpp"

namespace tacet {

/// The address in its shortest usual text ("::1"), or nothing if `text` is no IPv4 or IPv6 address.
/// Brackets, ports and interfaces are not part of an address.
std::optional<std::string> canonical_address(std::string_view text);

/// An IPv6 address that means another machine on each link (fe80::/10), with its interface or without, in the text of
/// canonical_address().
bool is_link_local(std::string_view address);

/// The address of a machine: in its shortest usual text and, if it is link-local, with its interface behind a percent
/// sign ("fe80::1%eth0", RFC 4007 §11). Whether there is such an interface now is not asked. Fault::invalid_config for
/// what is no address ("is no IP address"), a link-local one without an interface, and an interface behind any other;
/// the detail says what to write.
Result<std::string> parse_host_address(std::string_view text);

/// True if an address may be that of one machine, which can be asked: it is not unspecified ("0.0.0.0", "::"),
/// multicast or broadcast. Pre: as parse_host_address() makes it.
bool is_one_machine(std::string_view address);

/// True for 127.0.0.0/8 and ::1, in the text of canonical_address().
bool is_loopback(std::string_view address);

/// What a list of addresses to listen at leaves out though it looks as if it had it, and what to write: IPv4, if [::]
/// is all that there is for a port. Nothing if there is no such thing.
std::optional<std::string> left_out(const std::vector<SocketAddress>& listen);

/// A decimal port, 1 to 65535.
std::optional<std::uint16_t> parse_port(std::string_view text);

/// "127.0.0.1:53", "127.0.0.1", "[::1]:53", "[::1]", "::1" or "[fe80::1%eth0]:53"; the port is `default_port` if the
/// text has none. Fails with invalid_config: what is wrong and what is allowed.
Result<SocketAddress> parse_socket_address(std::string_view text, std::uint16_t default_port);

/// The same for a server to be asked: the address of one machine.
Result<SocketAddress> parse_server_address(std::string_view text, std::uint16_t default_port);

}  // namespace tacet
