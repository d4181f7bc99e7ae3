#include "config/address.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "config/scalar.hpp"

namespace tacet {
namespace {

/// The address part and, behind a colon, the port part.
struct Halves {
  std::string_view address;
  std::optional<std::string_view> port;
};

std::optional<Halves> split_brackets(std::string_view text) {
  const auto end = text.find(']');
  if (end == std::string_view::npos) return std::nullopt;
  const auto address = text.substr(1, end - 1);
  const auto rest = text.substr(end + 1);
  if (address.find(':') == std::string_view::npos) return std::nullopt;
  if (rest.empty()) return Halves{address, std::nullopt};
  if (rest.front() != ':') return std::nullopt;
  return Halves{address, rest.substr(1)};
}

std::optional<Halves> split(std::string_view text) {
  if (text.starts_with('[')) return split_brackets(text);
  const auto colon = text.find(':');
  // More than one colon without brackets is an IPv6 address, so no colon starts a port.
  if (colon == std::string_view::npos || colon != text.rfind(':')) return Halves{text, std::nullopt};
  return Halves{text.substr(0, colon), text.substr(colon + 1)};
}

/// In ::/96 no machine has an address (RFC 4291 §2.5.5.1), but for :: and ::1.
bool is_in_void_prefix(const IpAddress& address) {
  if (!address.is_v6() || address == IpAddress("::") || address == IpAddress("::1")) return false;
  return std::ranges::all_of(address.octets().first(12), [](std::uint8_t octet) { return octet == 0; });
}

/// What to write for "::1:53", which reads as one address; empty if that is not what was meant.
std::string with_brackets(const Halves& halves, const IpAddress& address) {
  const auto text = halves.address;
  const auto colon = text.rfind(':');
  if (halves.port || !is_in_void_prefix(address) || !parse_port(text.substr(colon + 1))) return {};
  if (!IpAddress::from_text(text.substr(0, colon))) return {};
  return fmt::format("\"[{}]:{}\" with a port", text.substr(0, colon), text.substr(colon + 1));
}

}  // namespace

std::optional<IpAddress> address_before_interface(std::string_view text) {
  return IpAddress::from_text(text.substr(0, text.find('%')));
}

bool is_interface(std::string_view name) {
  constexpr std::size_t longest = 15;
  if (name.empty() || name.size() > longest || name == "." || name == "..") return false;
  return std::ranges::all_of(name, [](char c) {
    return c > ' ' && c < 0x7f && std::string_view("%/:[]\"").find(c) == std::string_view::npos;
  });
}

bool is_link_local(const IpAddress& address) {
  return address.is_v6() && address.octets()[0] == 0xfe && (address.octets()[1] & 0xc0U) == 0x80;
}

Result<IpAddress> parse_host_address(std::string_view text) {
  const auto percent = text.find('%');
  const auto address = address_before_interface(text);
  if (!address) return fail(Fault::invalid_config, fmt::format("{} is no IP address", quotation(text)));
  const bool local = is_link_local(*address);
  if (percent == std::string_view::npos && !local) return *address;
  if (percent == std::string_view::npos)
    return fail(Fault::invalid_config,
                fmt::format("{0} is a link-local address, and each link has its own: name the interface, "
                            "such as \"{1}%eth0\" (`ip -6 route` shows them)",
                            quotation(text), address->to_string()));
  const auto interface = text.substr(percent + 1);
  if (!local)
    return fail(Fault::invalid_config, fmt::format("{} has an interface, which only link-local addresses have: write "
                                                   "\"{}\"",
                                                   quotation(text), address->to_string()));
  if (!is_interface(interface))
    return fail(Fault::invalid_config, fmt::format("{} behind the percent sign is no interface, allowed: such as "
                                                   "\"{}%eth0\"",
                                                   quotation(interface), address->to_string()));
  return address->on(interface);
}

bool is_one_machine(const IpAddress& address) {
  const Bytes octets = address.octets();
  const bool multicast = address.is_v6() ? octets[0] == 0xff : (octets[0] & 0xf0U) == 0xe0;
  return !address.is_unspecified() && !multicast && address != IpAddress("255.255.255.255");
}

std::optional<std::string> left_out(const std::vector<SocketAddress>& listen) {
  for (const SocketAddress& all : listen) {
    const auto is_v4_there = [&](const SocketAddress& other) {
      return other.port == all.port && !other.address.is_v6();
    };
    if (all.address != IpAddress("::") || std::ranges::any_of(listen, is_v4_there)) continue;
    return fmt::format("listen: {0} is IPv6 only, and IPv4 is not served: add \"0.0.0.0:{1}\" to serve it too",
                       to_string(all), all.port);
  }
  return std::nullopt;
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  const auto number = parse_number(text);
  if (!number || *number < 1 || *number > 65535) return std::nullopt;
  return static_cast<std::uint16_t>(*number);
}

Result<SocketAddress> parse_socket_address(std::string_view text, std::uint16_t default_port) {
  const auto halves = split(text);
  const auto address = halves ? parse_host_address(halves->address) : fail(Fault::invalid_config);
  if (!address) {
    if (halves && address_before_interface(halves->address)) return fail(address.error());
    return fail(
        Fault::invalid_config,
        fmt::format(R"({} is no IP address with an optional port, allowed: such as "127.0.0.1:{}" or "[::1]:{}")",
                    quotation(text), default_port, default_port));
  }
  if (const auto meant = with_brackets(*halves, *address); !meant.empty())
    return fail(Fault::invalid_config,
                fmt::format("{} is an address that no machine has, allowed: {}", quotation(text), meant));
  const auto port = halves->port ? parse_port(*halves->port) : default_port;
  if (!port) {
    return fail(Fault::invalid_config, fmt::format("{} is no port, allowed: 1 to 65535", quotation(*halves->port)));
  }
  return SocketAddress{.address = *address, .port = *port};
}

Result<SocketAddress> parse_server_address(std::string_view text, std::uint16_t default_port) {
  auto server = parse_socket_address(text, default_port);
  if (!server || is_one_machine(server->address)) return server;
  return fail(Fault::invalid_config,
              fmt::format("{} is no server's address, allowed: that of one machine", quotation(text)));
}

}  // namespace tacet
