#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace tacet {

/// The digits of a text in which each stands for the same number of bits (RFC 4648).
class Digits {
public:
  /// `characters` has one for each value of `bits` bits (1 to 7), and must outlive this.
  constexpr Digits(std::string_view characters, unsigned bits) : characters_(characters), bits_(bits) {
    values_.fill(-1);
    for (std::size_t value = 0; value < characters.size(); ++value)
      values_[static_cast<unsigned char>(characters[value])] = static_cast<std::int8_t>(value);
  }

  constexpr char operator[](std::size_t value) const { return characters_[value]; }

  /// The octets of a text, the first digit the most significant. Nothing if the text has another character (padding is
  /// one), a length that no octets have, or bits beyond the last octet.
  std::optional<std::vector<std::uint8_t>> decode(std::string_view text) const;

private:
  std::string_view characters_;
  unsigned bits_;
  std::array<std::int8_t, 256> values_{};  // of each character; -1 for one that is no digit
};

/// The digits of Base64 with the URL-safe alphabet (RFC 4648 §5).
inline constexpr Digits base64url_digits("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", 6);

}  // namespace tacet
