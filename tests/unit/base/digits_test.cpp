#include "base/digits.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace tacet;

namespace {

using Octets = std::vector<std::uint8_t>;
constexpr Digits hexadecimal("0123456789abcdef", 4);

}  // namespace

TEST_CASE("Digits of four and of six bits make octets") {
  CHECK(hexadecimal.decode("00ff1a") == Octets{0x00, 0xFF, 0x1A});
  CHECK(base64url_digits.decode("Zm8") == Octets{'f', 'o'});
  CHECK(hexadecimal.decode("") == Octets{});
}

TEST_CASE("A foreign character, half an octet, and bits beyond the last octet are refused") {
  CHECK(!hexadecimal.decode("0g"));
  CHECK(!hexadecimal.decode("0"));
  CHECK(!base64url_digits.decode("Zg="));
  CHECK(!base64url_digits.decode("Zh"));  // "Zg" has the same octet
  CHECK(!base64url_digits.decode("Zm9vY"));
}
