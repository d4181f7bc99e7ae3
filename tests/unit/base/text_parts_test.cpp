#include "base/text_parts.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace tacet {
namespace {

std::vector<std::string> parts(std::string_view text, char mark) {
  std::vector<std::string> all;
  for (const std::string_view part : split(text, mark)) all.emplace_back(part);
  return all;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("a text is split at each mark, and an empty part stays") {
  CHECK(parts("a,b", ',') == Texts{"a", "b"});
  CHECK(parts("a", ',') == Texts{"a"});
  CHECK(parts("a,,b,", ',') == Texts{"a", "", "b", ""});
  CHECK(parts("", ',').empty());
  CHECK(parts(std::string_view("a\0b", 3), '\0') == Texts{"a", "b"});
}

TEST_CASE("a cut takes the text before the mark, and drops the mark") {
  std::string_view rest = "GET / HTTP/1.1\r\nHost: a\r\n";
  CHECK(cut(rest, "\r\n") == "GET / HTTP/1.1");
  CHECK(cut(rest, "\r\n") == "Host: a");
  CHECK(rest.empty());
  CHECK(cut(rest, "\r\n").empty());
  rest = "without a mark";
  CHECK(cut(rest, "\r\n") == "without a mark");
  CHECK(rest.empty());
}

TEST_CASE("blanks around a text go, and those inside stay") {
  CHECK(trimmed(" \t a b\r") == "a b");
  CHECK(trimmed("a") == "a");
  CHECK(trimmed(" \t ").empty());
  CHECK(trimmed("").empty());
}

TEST_CASE("words are taken off the front one by one") {
  std::string_view rest = "  nameserver\t127.0.0.1 \r";
  CHECK(take_word(rest) == "nameserver");
  CHECK(take_word(rest) == "127.0.0.1");
  CHECK(take_word(rest).empty());
  CHECK(rest.empty());
}

}  // namespace tacet
