#include "base/text.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>

namespace tacet {
namespace {

std::string encoded(std::uint32_t point) {
  const auto octet = [](std::uint32_t bits) { return static_cast<char>(bits); };
  const auto more = [&](unsigned shift) { return octet(0x80U | (point >> shift & 0x3FU)); };
  if (point < 0x80) return {octet(point)};
  if (point < 0x800) return {octet(0xC0U | point >> 6U), more(0)};
  if (point < 0x10000) return {octet(0xE0U | point >> 12U), more(6), more(0)};
  return {octet(0xF0U | point >> 18U), more(12), more(6), more(0)};
}

}  // namespace

TEST_CASE("every character of Unicode is one UTF-8 sequence, a surrogate or a point beyond is none") {
  for (std::uint32_t point = 0; point < 0x120000; ++point) {
    const std::string text = encoded(point);
    const bool exists = point <= 0x10FFFF && (point < 0xD800 || point > 0xDFFF);
    if (utf8_length(text + "\x80") != (exists ? text.size() : 0)) FAIL("U+" << point);
  }
}

TEST_CASE("a sequence that is cut, overlong or broken is no UTF-8") {
  using namespace std::string_view_literals;
  CHECK(utf8_length("") == 0);
  CHECK(utf8_length("\0"sv) == 1);
  for (const auto bad : {"\x80"sv, "\xBF"sv, "\xC0\x80"sv, "\xC1\xBF"sv, "\xC3"sv, "\xC3("sv, "\xE0\x9F\xBF"sv,
                         "\xE2\x82"sv, "\xE2\x82("sv, "\xE2(\xAC"sv, "\xF0\x8F\xBF\xBF"sv, "\xF0\x9F\x98"sv,
                         "\xF0\x9F\x98("sv, "\xF0\x9F(\x80"sv, "\xF5\x80\x80\x80"sv, "\xFF"sv}) {
    CAPTURE(bad);
    CHECK(utf8_length(bad) == 0);
    CHECK_FALSE(is_utf8("sound " + std::string(bad)));
    CHECK_FALSE(is_utf8(std::string(bad) + " sound"));
  }
  CHECK(is_utf8(""));
  CHECK(is_utf8("b\u00fccher \u20ac \U0001F600"));
}

TEST_CASE("C0, DEL and C1 are control characters, their neighbours are not") {
  for (std::uint32_t point = 0; point < 0x200; ++point) {
    CAPTURE(point);
    CHECK(starts_with_control(encoded(point)) == (point < 0x20 || (point >= 0x7F && point < 0xA0)));
  }
  CHECK_FALSE(starts_with_control(""));
  CHECK_FALSE(starts_with_control("\xC2"));
  CHECK_FALSE(starts_with_control("a\n"));
}

TEST_CASE("lower case folds every octet as it is folded alone, in every place of texts of every length") {
  for (std::size_t size = 1; size <= 20; ++size) {
    for (std::size_t place = 0; place < size; ++place) {
      for (unsigned octet = 0; octet < 256; ++octet) {
        std::string text(size, 'M'), lower(size, 'm');
        text[place] = static_cast<char>(octet);
        lower[place] = static_cast<char>(fold(static_cast<std::uint8_t>(octet)));
        if (lower_case(text) != lower) FAIL("octet " << octet << " at " << place << " of " << size);
      }
    }
  }
  CHECK(lower_case("") == "");
  CHECK(lower_case("B\u00dcCHER @[`{ Z") == "b\u00dccher @[`{ z");
}

TEST_CASE("texts are equal in any case of ASCII letters, and in nothing else") {
  CHECK(equal_folded("", ""));
  CHECK(equal_folded("AbCdEfGhIjKlMnOpQrStUvWxYz", "aBcDeFgHiJkLmNoPqRsTuVwXyZ"));
  CHECK_FALSE(equal_folded("abc", "abcd"));
  CHECK_FALSE(equal_folded("abc", std::string_view("abc\0", 4)));
  CHECK_FALSE(equal_folded("\u00fc", "\u00dc"));
  for (std::size_t size = 1; size <= 20; ++size) {
    for (std::size_t place = 0; place < size; ++place) {
      for (const auto& [a, b] : {std::pair('@', '`'), std::pair('[', '{'), std::pair('y', 'z'), std::pair('\0', ' ')}) {
        std::string one(size, 'x'), other(size, 'X');
        CHECK(equal_folded(one, other));
        one[place] = a;
        other[place] = b;
        CHECK_FALSE(equal_folded(one, other));
      }
    }
  }
}

}  // namespace tacet
