#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tacet/config.hpp"
#include "tacet/result.hpp"

namespace tacet {

/// True for a name that a kernel may give an interface, or for an interface's number.
bool is_interface(std::string_view name);

/// True for an IPv6 address that means another machine on each link (fe80::/10), with or without its interface.
bool is_link_local(const IpAddress& address);

/// The address of a machine. A link-local address has its interface behind a percent sign ("fe80::1%eth0", RFC 4007
/// §11); the interface need not exist now. Fault::invalid_config for what is no address ("is no IP address"), for a
/// link-local address without an interface, and for an interface behind any other address; the detail says what to
/// write.
Result<IpAddress> parse_host_address(std::string_view text);

/// The address in front of a percent sign and an interface, or without both; nothing if it is no IP address.
std::optional<IpAddress> address_before_interface(std::string_view text);

/// True if an address can be that of one machine: it is not unspecified ("0.0.0.0", "::"), multicast or broadcast.
bool is_one_machine(const IpAddress& address);

/// What a list of listening addresses leaves out although it seems to include it, and what to write: IPv4, if [::] is
/// the only address for a port. Nothing if it leaves nothing out.
std::optional<std::string> left_out(const std::vector<SocketAddress>& listen);

/// A decimal port, 1 to 65535.
std::optional<std::uint16_t> parse_port(std::string_view text);

/// "127.0.0.1:53", "127.0.0.1", "[::1]:53", "[::1]", "::1" or "[fe80::1%eth0]:53"; the port is `default_port` if the
/// text has none. Fault::invalid_config: what is wrong and what is allowed.
Result<SocketAddress> parse_socket_address(std::string_view text, std::uint16_t default_port);

/// The same for the address of a server, which is one machine.
Result<SocketAddress> parse_server_address(std::string_view text, std::uint16_t default_port);

}  // namespace tacet
