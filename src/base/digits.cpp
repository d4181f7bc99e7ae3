#include "base/digits.hpp"

namespace tacet {

std::optional<std::vector<std::uint8_t>> Digits::decode(std::string_view text) const {
  std::vector<std::uint8_t> octets;
  octets.reserve(text.size() * bits_ / 8);
  std::uint32_t waiting = 0;
  unsigned held = 0;  // bits of the next octet
  for (const char digit : text) {
    const int value = values_[static_cast<unsigned char>(digit)];
    if (value < 0) return std::nullopt;
    waiting = waiting << bits_ | static_cast<std::uint32_t>(value);
    held += bits_;
    if (held < 8) continue;
    held -= 8;
    octets.push_back(static_cast<std::uint8_t>(waiting >> held));
    waiting &= (1U << held) - 1;
  }
  if (held >= bits_ || waiting != 0) return std::nullopt;
  return octets;
}

}  // namespace tacet
