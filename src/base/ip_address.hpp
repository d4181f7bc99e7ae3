#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tacet/name.hpp"

struct sockaddr;

namespace tacet {

/// An IPv4 or IPv6 address, without a port and without an interface. Only this class reads and writes their texts.
class IpAddress {
public:
  /// "192.0.2.1" or "2001:db8::1"; nothing for anything else, such as brackets, an interface or a NUL.
  static std::optional<IpAddress> from_text(std::string_view text);
  /// In the order of the network. Nothing unless there are 4 or 16 octets.
  static std::optional<IpAddress> from_octets(Bytes octets);
  /// Nothing for another family. Pre: the memory is as large as the family's own structure.
  static std::optional<IpAddress> from_kernel(const sockaddr& address);

  bool is_v6() const { return size_ == 16; }
  /// 4 or 16, in the order of the network.
  Bytes octets() const { return Bytes(octets_).first(size_); }
  /// The shortest usual text: "::1" (RFC 5952).
  std::string to_string() const;
  friend bool operator==(const IpAddress&, const IpAddress&) = default;

private:
  IpAddress() = default;
  std::array<std::uint8_t, 16> octets_{};
  std::size_t size_ = 0;
};

}  // namespace tacet
