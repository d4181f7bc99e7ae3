#include "transport/http/base64url.hpp"

#include <doctest/doctest.h>

#include <string_view>
#include <vector>

using namespace tacet;

namespace {
std::string of(std::string_view text) {
  return base64url(Bytes(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
}
}  // namespace

TEST_CASE("base64url is that of RFC 4648 §10, without padding") {
  CHECK(of("").empty());
  CHECK(of("f") == "Zg");
  CHECK(of("fo") == "Zm8");
  CHECK(of("foo") == "Zm9v");
  CHECK(of("foob") == "Zm9vYg");
  CHECK(of("fooba") == "Zm9vYmE");
  CHECK(of("foobar") == "Zm9vYmFy");
}

TEST_CASE("base64url has its own last two digits") {
  const std::vector<std::uint8_t> octets{0xFB, 0xEF, 0xBE, 0xFF, 0xFF, 0xFF};
  CHECK(base64url(octets) == "----____");
}

TEST_CASE("What was written is read back, and nothing else is a text of octets") {
  for (std::size_t size = 0; size < 40; ++size) {
    std::vector<std::uint8_t> octets(size);
    for (std::size_t i = 0; i < size; ++i) octets[i] = static_cast<std::uint8_t>(i * 37 + 251);
    CHECK(from_base64url(base64url(octets)) == octets);
  }
  for (const auto* text : {"A", "AB", "AAB", "AAAAA", "AA==", "AA=", "+A", "/A", "A A", "%41", "\xc3\xa4"})
    CHECK_MESSAGE(!from_base64url(text).has_value(), text);
}
