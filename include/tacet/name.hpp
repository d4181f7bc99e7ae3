#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "tacet/result.hpp"

namespace tacet {

using Bytes = std::span<const std::uint8_t>;

/// A domain name, held uncompressed in wire form (RFC 1035 §3.1), at most 255 octets, case kept as received.
/// Comparison and hashing ignore ASCII case (RFC 4343); no allocation anywhere.
class Name {
public:
  static constexpr std::size_t max_size = 255;

  /// The root name.
  Name() = default;

  /// From uncompressed wire form that ends with the root label. Fault::malformed otherwise.
  static Result<Name> from_wire(Bytes wire);

  /// From presentation form ("www.example.com", trailing dot optional, \DDD and \X escapes; RFC 4343 §2.1).
  /// Fault::malformed for empty or over-long labels and names.
  static Result<Name> from_text(std::string_view text);

  /// From wire form that the message index has checked already.
  static Name from_checked_wire(Bytes wire);

  Bytes wire() const { return {octets_.data(), size_}; }

  /// The number of labels without the root: "www.example.com" has 3.
  std::size_t label_count() const;
  bool is_root() const { return size_ == 1; }

  /// True if this name equals `parent` or lies below it.
  bool under(const Name& parent) const;

  /// This name without its first label; the root's parent is the root.
  Name parent() const;

  /// Presentation form with a trailing dot; dots, backslashes and unprintable octets are escaped.
  std::string to_string() const;

  friend bool operator==(const Name& a, const Name& b);

private:
  std::uint8_t size_ = 1;
  std::array<std::uint8_t, max_size> octets_{};
};

/// ASCII lower case; label lengths (at most 63) are below 'A', so whole wire names can be folded octet by octet.
constexpr std::uint8_t fold(std::uint8_t octet) {
  return static_cast<std::uint8_t>(octet >= 'A' && octet <= 'Z' ? octet | 0x20 : octet);
}

}  // namespace tacet
