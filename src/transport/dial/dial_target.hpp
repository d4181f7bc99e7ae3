#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "tacet/config.hpp"

namespace tacet {

/// Where a connection leads: to an address, or behind a proxy to a host name that the proxy looks up.
class DialTarget {
public:
  DialTarget(const SocketAddress& address) : host_(address.address), port_(address.port) {}
  DialTarget(const IpAddress& address, std::uint16_t port) : host_(address), port_(port) {}
  /// For a proxy, which looks the host name up.
  static DialTarget by_name(std::string host_name, std::uint16_t port) {
    DialTarget target{IpAddress(), port};
    target.host_ = std::move(host_name);
    return target;
  }

  std::uint16_t port() const { return port_; }
  /// Null for a host name.
  const IpAddress* ip() const { return std::get_if<IpAddress>(&host_); }
  bool is_v6() const { return ip() != nullptr && ip()->is_v6(); }
  /// Nothing for a host name.
  std::optional<SocketAddress> address() const {
    return ip() != nullptr ? std::optional(SocketAddress{*ip(), port_}) : std::nullopt;
  }
  /// "192.0.2.1", "fe80::1%eth0", "dns.example".
  std::string host() const { return ip() != nullptr ? ip()->to_string() : std::get<std::string>(host_); }
  friend bool operator==(const DialTarget&, const DialTarget&) = default;

private:
  std::variant<IpAddress, std::string> host_;
  std::uint16_t port_;
};

/// "192.0.2.1:443", "[2001:db8::1]:443", "dns.example:443".
inline std::string to_string(const DialTarget& target) {
  const auto address = target.address();
  return address ? to_string(*address) : target.host() + ':' + std::to_string(target.port());
}

}  // namespace tacet
