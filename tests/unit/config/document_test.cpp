#include "config/document.hpp"

#include <doctest/doctest.h>

using namespace tacet;

namespace {

SyntaxFault refusal(std::string_view text) {
  const auto document = parse_document(text);
  REQUIRE(!document.has_value());
  return document.error();
}

std::string repeated(std::string_view text, std::size_t times) {
  std::string out;
  while (times-- > 0) out += text;
  return out;
}

}  // namespace

TEST_CASE("every node knows its line and column") {
  const auto document = parse_document("a: 1\nb:\n  - x\n  - {c: y}\nd:\n");
  REQUIRE(document.has_value());
  CHECK(document->kind == NodeKind::mapping);
  CHECK(document->find("a")->at == Position{1, 4});
  const auto* list = document->find("b");
  REQUIRE(list->children.size() == 2);
  CHECK(list->children[0].at == Position{3, 5});
  CHECK(list->children[1].find("c")->at == Position{4, 9});
  CHECK(list->children[1].find("c")->text == "y");
  CHECK(document->find("e") == nullptr);
  CHECK(list->find("c") == nullptr);
  // A value left out stands where its key does.
  CHECK(document->find("d")->kind == NodeKind::null);
  CHECK(document->find("d")->at == Position{5, 1});
}

TEST_CASE("duplicate keys are kept, the first is found") {
  const auto document = parse_document("a: 1\na: 2\n");
  REQUIRE(document.has_value());
  CHECK(document->children.size() == 4);
  CHECK(document->find("a")->text == "1");
}

TEST_CASE("a text without a document is a null node") {
  for (const char* text : {"", "\n\n", "# only a comment\n", "---\n", "~", "\xef\xbb\xbf"}) {
    CAPTURE(text);
    const auto document = parse_document(text);
    REQUIRE(document.has_value());
    CHECK(document->kind == NodeKind::null);
  }
}

TEST_CASE("valid YAML that a configuration never needs is refused where it stands") {
  CHECK(refusal("a: &x 1\nb: *x\n").text == "an anchor (&) is not allowed here");
  CHECK(refusal("a: 1\nb: *x\n").at.line == 2);
  CHECK(refusal("a: !!int 1\n").text == "a tag (!) is not allowed here");
  CHECK(refusal("a: !!python/object:os.system [x]\n").text == "a tag (!) is not allowed here");
  CHECK(refusal("a: 1\n---\nb: 2\n").text == "a second document begins here, allowed: one");
  CHECK(refusal("a: 1\n---\nb: 2\n").at.line == 2);
  CHECK(refusal("%workers: 2\n").text == "a directive (%) is not allowed here");
  CHECK(refusal("a: 1\n%b: 2\n").at == Position{2, 1});
  CHECK(parse_document("a: 1%\nb: \"%\"\n").has_value());
}

TEST_CASE("octets that hide or disguise text are refused with their place") {
  CHECK(refusal(std::string_view("a: 1\nb: \0 2\n", 12)).at == Position{2, 4});
  CHECK(refusal("a: 1\nb\x04: 2\n").text == "the control character 0x04 is not allowed");
  CHECK(refusal("a: \x1b[2J").at == Position{1, 4});
  for (const char* bad : {"\x80", "\xc0\xaf", "\xc3", "\xe0\x80\x80", "\xed\xa0\x80", "\xe2\x82", "\xf0\x80\x80\x80",
                          "\xf4\x90\x80\x80", "\xf0\x9f\x98", "\xff\xfe"}) {
    CAPTURE(bad);
    CHECK(refusal("a: \n" + std::string(bad)).text == "not UTF-8 text");
  }
  CHECK(parse_document("a: \xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80").has_value());
}

TEST_CASE("escapes cannot make what is not UTF-8") {
  for (const char* bad : {"\"\\N\"", "\"x\\_y\""}) {
    CAPTURE(bad);
    CHECK(refusal("a: " + std::string(bad)).at == Position{1, 4});
    CHECK(refusal("a: " + std::string(bad)).text == "an escape (\\) that makes no UTF-8 text is not allowed here");
  }
  CHECK(parse_document("a: \"\\u00fc\\xe9\\L\"")->find("a")->text == "\xc3\xbc\xc3\xa9\xe2\x80\xa8");
}

TEST_CASE("broken syntax is one fault") {
  CHECK(refusal("a: [1, 2\nb: 3\n").text.starts_with("no valid YAML: "));
  CHECK(refusal("a: 1\n\tb: 2\n").at == Position{2, 1});
  CHECK(refusal("a: \"open\nb: 1\n\n").text == "no valid YAML: illegal EOF in scalar");
  CHECK(refusal("a: b: c\n").at.line == 1);
}

TEST_CASE("a tab in the indentation is called a tab") {
  for (const char* text : {"a:\n\tb: 2\n", "a:\n\t- b\n", "a:\n  b: 2\n\tc: 3\n", "a:\n  b: 2\n \tc: 3\n"}) {
    CAPTURE(text);
    CHECK(refusal(text).text == "no valid YAML: a tab indents this line, allowed: spaces");
  }
  CHECK(refusal("a:\n  b: [1\n\nc:\n").text != "no valid YAML: a tab indents this line, allowed: spaces");
  CHECK(parse_document("a: {\n\tb: 2}\n").has_value());
}

TEST_CASE("nesting and size are bounded") {
  const auto nested = [](std::size_t levels) { return repeated("[", levels) + repeated("]", levels); };
  CHECK(parse_document(nested(16)).has_value());
  CHECK(refusal(nested(17)).text == "nested deeper than 16 levels");
  CHECK(refusal(repeated("[", 1U << 20)).text == "nested deeper than 16 levels");
  CHECK(refusal(repeated("{a: ", 200'000)).text == "nested deeper than 16 levels");
  CHECK(refusal(repeated("- ", 500'000)).text == "nested deeper than 16 levels");
  CHECK(refusal(std::string((1U << 20) + 1, ' ')).text == "larger than 1 MiB");
  CHECK(parse_document("a: " + std::string(1'000'000, 'x')).has_value());
}
