#include "transport/http/base64url.hpp"

#include <cstdint>

namespace tacet {

namespace {
constexpr char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
}

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

}  // namespace tacet
