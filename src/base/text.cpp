#include "base/text.hpp"

#include <algorithm>

namespace tacet {

std::size_t utf8_length(std::string_view text) {
  if (text.empty()) return 0;
  const Bytes octets = bytes_of(text);
  const std::uint8_t lead = octets[0];
  if (lead < 0x80) return 1;
  const std::size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || octets.size() < size) return 0;
  // The second octet tells overlong forms, surrogates, and what lies beyond U+10FFFF.
  const std::uint8_t least = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const std::uint8_t most = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (octets[1] < least || octets[1] > most) return 0;
  const auto continues = [](std::uint8_t octet) { return (octet & 0xC0) == 0x80; };
  return std::ranges::all_of(octets.subspan(2, size - 2), continues) ? size : 0;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

bool starts_with_control(std::string_view text) {
  const Bytes octets = bytes_of(text);
  if (octets.empty()) return false;
  const bool c1 = octets.size() > 1 && octets[0] == 0xC2 && octets[1] >= 0x80 && octets[1] <= 0x9F;
  return octets[0] < 0x20 || octets[0] == 0x7F || c1;
}

}  // namespace tacet
