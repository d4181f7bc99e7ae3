#include "base/digits.hpp"

#include <array>

namespace tacet {
namespace {

/// The value of each character; -1 for one that is no digit.
std::array<std::int8_t, 256> values_of(std::string_view digits) {
  std::array<std::int8_t, 256> values{};
  values.fill(-1);
  for (std::size_t i = 0; i < digits.size(); ++i)
    values[static_cast<unsigned char>(digits[i])] = static_cast<std::int8_t>(i);
  return values;
}

}  // namespace

std::optional<std::vector<std::uint8_t>> unpacked(std::string_view text, std::string_view digits, unsigned bits) {
  const auto values = values_of(digits);
  std::vector<std::uint8_t> octets;
  octets.reserve(text.size() * bits / 8);
  std::uint32_t waiting = 0;
  unsigned held = 0;  // bits of the next octet
  for (const char digit : text) {
    const int value = values[static_cast<unsigned char>(digit)];
    if (value < 0) return std::nullopt;
    waiting = waiting << bits | static_cast<std::uint32_t>(value);
    held += bits;
    if (held < 8) continue;
    held -= 8;
    octets.push_back(static_cast<std::uint8_t>(waiting >> held));
    waiting &= (1U << held) - 1;
  }
  if (held >= bits || waiting != 0) return std::nullopt;
  return octets;
}

}  // namespace tacet
