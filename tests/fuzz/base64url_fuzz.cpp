#include "fuzz/property.hpp"
#include "transport/http/base64url.hpp"

using namespace tacet;
using namespace tacet::fuzz;

namespace {

/// RFC 4648 §5, read backwards.
unsigned value_of(char digit) {
  if (digit >= 'A' && digit <= 'Z') return static_cast<unsigned>(digit - 'A');
  if (digit >= 'a' && digit <= 'z') return static_cast<unsigned>(digit - 'a' + 26);
  if (digit >= '0' && digit <= '9') return static_cast<unsigned>(digit - '0' + 52);
  require(digit == '-' || digit == '_', "only digits of the URL-safe alphabet");
  return digit == '-' ? 62 : 63;
}

std::vector<std::uint8_t> decoded(const std::string& text) {
  std::vector<bool> bits;
  for (const char digit : text)
    for (unsigned bit = 6; bit-- > 0;) bits.push_back((value_of(digit) >> bit & 1) != 0);
  std::vector<std::uint8_t> octets(bits.size() / 8);
  for (std::size_t i = 0; i < bits.size(); ++i) {
    require(i < octets.size() * 8 || !bits[i], "what fills the last digit is zero");
    if (i < octets.size() * 8 && bits[i]) octets[i / 8] |= static_cast<std::uint8_t>(0x80 >> i % 8);
  }
  return octets;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
  const std::vector<std::uint8_t> input = copy_of({octets, size});
  const std::string text = base64url(input);
  require(text.size() == (size * 4 + 2) / 3, "no digit too many");
  require(decoded(text) == input, "what was written can be read");
  return 0;
}
