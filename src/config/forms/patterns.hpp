#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

/// Regular expressions of ECMA-262, as a JSON Schema has them, for texts that our parsers accept. Each is the whole
/// text, from ^ to $.
namespace tacet::patterns {

/// Decimal numbers of this range, also with zeros in front, as parse_number() reads them.
std::string number(std::uint64_t least, std::uint64_t most);
/// Sizes, as parse_size() reads them, in this range of octets; with `zero`, also 0. The limits are whole KiB.
std::string size(std::uint64_t least, std::uint64_t most, bool zero);
/// Printable text.
std::string text();
/// An absolute path of a file, or one of the words; with `empty`, also "".
std::string path(std::span<const std::string_view> words, bool empty);

/// As parse_host_address(), is_one_machine(): an address without a port.
std::string machine_address();
/// As parse_socket_address(), parse_server_address().
std::string listen_address();
std::string server_address();
/// A loopback address with or without a port, or "".
std::string loopback_address();
/// As parse_prefix(), but for bits behind the prefix.
std::string prefix();
/// As parse_zone() without the root, but for what IDNA says of letters beyond ASCII.
std::string zone();
/// As machine_name().
std::string machine_name();
/// The name of an interface, as parse_via() reads it.
std::string interface();
/// As parse_proxy_url(), but for the lengths of user name and password.
std::string proxy_url();
/// As parse_trust_anchor(), but for what only the whole record shows.
std::string trust_anchor();
/// As parse_upstream_url().
std::string upstream_url();

}  // namespace tacet::patterns
