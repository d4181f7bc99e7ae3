#include "transport/http/base64url.hpp"

#include <array>
#include <cstdint>

namespace tacet {

namespace {
constexpr char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The value of each character; -1 for one that is no digit.
constexpr auto values = [] {
  std::array<std::int8_t, 256> table{};
  table.fill(-1);
  for (std::int8_t value = 0; value < 64; ++value) table[static_cast<unsigned char>(digits[value])] = value;
  return table;
}();

}  // namespace

std::string base64url(Bytes octets) {
  std::string text;
  text.reserve((octets.size() * 4 + 2) / 3);
  std::uint32_t bits = 0;
  unsigned held = 0;  // bits that have not been written yet
  for (const std::uint8_t octet : octets) {
    bits = bits << 8 | octet;
    for (held += 8; held >= 6; held -= 6) text += digits[bits >> (held - 6) & 0x3F];
  }
  if (held > 0) text += digits[bits << (6 - held) & 0x3F];
  return text;
}

std::optional<std::vector<std::uint8_t>> from_base64url(std::string_view text) {
  std::vector<std::uint8_t> octets;
  octets.reserve(text.size() * 3 / 4);
  std::uint32_t bits = 0;
  unsigned held = 0;  // bits of the next octet
  for (const char digit : text) {
    const int value = values[static_cast<unsigned char>(digit)];
    if (value < 0) return std::nullopt;
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    held += 6;
    if (held < 8) continue;
    held -= 8;
    octets.push_back(static_cast<std::uint8_t>(bits >> held));
    bits &= (1U << held) - 1;
  }
  if (held >= 6 || bits != 0) return std::nullopt;
  return octets;
}

}  // namespace tacet
