#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "tacet/name.hpp"

struct sockaddr;

namespace tacet {

/// An IPv4 or IPv6 address without a port; it may name the interface of its link (RFC 4007). Only this class reads and
/// writes the texts of addresses. No allocation.
class IpAddress {
public:
  static constexpr std::size_t longest_interface = 15;

  /// "0.0.0.0".
  constexpr IpAddress() = default;
  /// "192.0.2.1", "2001:db8::1" or "fe80::1%eth0", written in the source. A text that is no address does not compile.
  consteval IpAddress(const char* text) {
    const std::string_view whole(text);
    const auto percent = whole.find('%');
    if (!read(whole.substr(0, percent))) throw std::invalid_argument("this is no address");
    if (percent != std::string_view::npos) set_interface(whole.substr(percent + 1));
  }
  /// "192.0.2.1" or "2001:db8::1"; nothing for anything else, such as brackets, an interface or a NUL.
  static std::optional<IpAddress> from_text(std::string_view text);
  /// In the order of the network. Nothing unless there are 4 or 16 octets.
  static std::optional<IpAddress> from_octets(Bytes octets);
  /// Without an interface. Nothing for another family. Pre: the memory is as large as the family's own structure.
  static std::optional<IpAddress> from_kernel(const sockaddr& address);

  constexpr bool is_v6() const { return size_ == 16; }
  /// True for "0.0.0.0" and "::", which mean all addresses of this machine where it listens.
  bool is_unspecified() const {
    return std::ranges::all_of(octets(), [](auto each) { return each == 0; });
  }
  /// True for 127.0.0.0/8 and "::1".
  bool is_loopback() const;
  /// 4 or 16, in the order of the network.
  Bytes octets() const { return Bytes(octets_).first(size_); }
  /// A name ("eth0") or a number; empty if it names none.
  std::string_view interface() const { return interface_.data(); }
  /// The same address on the link of this interface. Pre: the name has at most `longest_interface` octets.
  constexpr IpAddress on(std::string_view interface) const {
    IpAddress there = *this;
    there.set_interface(interface);
    return there;
  }
  /// The same address as another machine would write it.
  constexpr IpAddress without_interface() const { return on({}); }
  /// The shortest usual text: "::1" (RFC 5952), "fe80::1%eth0".
  std::string to_string() const;
  friend constexpr bool operator==(const IpAddress&, const IpAddress&) = default;

private:
  constexpr bool read(std::string_view text);
  static constexpr bool read_v4(std::string_view text, std::uint8_t* to);
  static constexpr std::optional<std::size_t> read_groups(std::string_view text, std::uint8_t* to);
  constexpr bool read_v6(std::string_view text);
  constexpr void set_interface(std::string_view name) {
    interface_ = {};
    std::ranges::copy(name.substr(0, longest_interface), interface_.begin());
  }

  std::array<std::uint8_t, 16> octets_{};
  std::uint8_t size_ = 4;
  std::array<char, longest_interface + 1> interface_{};  // behind it zeros
};

/// IpAddress::to_string().
inline std::string to_string(const IpAddress& address) { return address.to_string(); }

/// Four decimal numbers without leading zeros.
constexpr bool IpAddress::read_v4(std::string_view text, std::uint8_t* to) {
  for (std::size_t i = 0; i < 4; ++i) {
    const auto end = text.find('.');
    const auto part = text.substr(0, end);
    if ((end == std::string_view::npos) != (i == 3) || part.empty() || part.size() > 3) return false;
    unsigned number = 0;
    for (const char digit : part) {
      if (digit < '0' || digit > '9') return false;
      number = number * 10 + static_cast<unsigned>(digit - '0');
    }
    if (number > 255 || (part.size() > 1 && part.front() == '0')) return false;
    to[i] = static_cast<std::uint8_t>(number);
    text.remove_prefix(i == 3 ? text.size() : end + 1);
  }
  return true;
}

/// "2001:db8" or "ffff:192.0.2.1" to at most 16 octets; the number of octets.
constexpr std::optional<std::size_t> IpAddress::read_groups(std::string_view text, std::uint8_t* to) {
  std::size_t size = 0;
  for (bool more = !text.empty(); more;) {
    const auto end = text.find(':');
    const auto part = text.substr(0, end);
    more = end != std::string_view::npos;
    if (!more && part.find('.') != std::string_view::npos)
      return size <= 12 && read_v4(part, to + size) ? std::optional(size + 4) : std::nullopt;
    if (part.empty() || part.size() > 4 || size == 16) return std::nullopt;
    unsigned group = 0;
    for (const char digit : part) {
      constexpr std::string_view digits = "0123456789abcdef";
      const auto value = digits.find(digit >= 'A' && digit <= 'F' ? static_cast<char>(digit - 'A' + 'a') : digit);
      if (value == std::string_view::npos) return std::nullopt;
      group = group << 4 | static_cast<unsigned>(value);
    }
    to[size++] = static_cast<std::uint8_t>(group >> 8);
    to[size++] = static_cast<std::uint8_t>(group & 0xff);
    if (more) text.remove_prefix(end + 1);
  }
  return size;
}

/// RFC 4291 §2.2. "::" stands for one group of zeros at least.
constexpr bool IpAddress::read_v6(std::string_view text) {
  const auto gap = text.find("::");
  const bool has_gap = gap != std::string_view::npos;
  std::array<std::uint8_t, 16> behind{};
  const auto head = text.substr(0, gap);
  if (has_gap && head.find('.') != std::string_view::npos) return false;
  const auto before = read_groups(head, octets_.data());
  const auto after = read_groups(has_gap ? text.substr(gap + 2) : std::string_view(), behind.data());
  if (!before || !after || (has_gap ? *before + *after > 14 : *before != 16)) return false;
  std::copy_n(behind.begin(), *after, octets_.end() - static_cast<std::ptrdiff_t>(*after));
  size_ = 16;
  return true;
}

constexpr bool IpAddress::read(std::string_view text) {
  return text.find(':') != std::string_view::npos ? read_v6(text) : read_v4(text, octets_.data());
}

}  // namespace tacet
