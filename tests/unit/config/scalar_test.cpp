#include "config/scalar.hpp"

#include <doctest/doctest.h>

using namespace tacet;

TEST_CASE("sizes are octets or powers of 1024") {
  CHECK(parse_size("0") == 0U);
  CHECK(parse_size("65536") == 65536U);
  CHECK(parse_size("512KiB") == 512U << 10);
  CHECK(parse_size("32MiB") == 32U << 20);
  CHECK(parse_size("1024GiB") == std::uint64_t{1} << 40);
  for (const char* text : {"", "MiB", "32MB", "32 MiB", "32mib", "-1", "+1", "1.5GiB", "0x10", "32M", "17179869184GiB",
                           "18446744073709551616"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_size(text));
  }
}

TEST_CASE("a size is printed as it would be read") {
  CHECK(size_text(32U << 20) == "32MiB");
  CHECK(size_text(1536U << 10) == "1536KiB");
  CHECK(size_text(0) == "0");
  for (const std::uint64_t octets : {0ULL, 1ULL, 1023ULL, 1024ULL, 65537ULL, 1ULL << 30, ~0ULL, ~0ULL << 30}) {
    CHECK(parse_size(size_text(octets)) == octets);
  }
}

TEST_CASE("quoted text is printable ASCII and short") {
  CHECK(quotation("plain") == "\"plain\"");
  CHECK(quotation("a\"b\\c\n\x1b\x9b") == R"("a\"b\\c\x0a\x1b\x9b")");
  CHECK(quotation(std::string(60, 'a')).size() == 62);
  CHECK(quotation(std::string(1 << 20, 'a')) == "\"" + std::string(60, 'a') + "...\"");
}
