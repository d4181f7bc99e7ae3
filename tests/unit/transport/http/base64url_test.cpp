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
