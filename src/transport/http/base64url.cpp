#include "transport/http/base64url.hpp"

#include "base/digits.hpp"

namespace tacet {

std::string base64url(Bytes octets) {
  std::string text;
  text.reserve((octets.size() * 4 + 2) / 3);
  std::uint32_t bits = 0;
  unsigned held = 0;  // bits that have not been written yet
  for (const std::uint8_t octet : octets) {
    bits = bits << 8 | octet;
    for (held += 8; held >= 6; held -= 6) text += base64url_digits[bits >> (held - 6) & 0x3F];
  }
  if (held > 0) text += base64url_digits[bits << (6 - held) & 0x3F];
  return text;
}

std::optional<std::vector<std::uint8_t>> from_base64url(std::string_view text) { return base64url_digits.decode(text); }

}  // namespace tacet
