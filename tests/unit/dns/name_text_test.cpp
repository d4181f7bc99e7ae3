#include "dns/name_text.hpp"

#include <doctest/doctest.h>

using namespace tacet;

TEST_CASE("A name's text has no final dot, its case and its escapes stay, and the root is a dot") {
  const auto text_of = [](const char* name) { return name_text(Name::from_text(name).value()); };
  CHECK(text_of("www.Example.com.") == "www.Example.com");
  CHECK(text_of("com") == "com");
  CHECK(text_of("a\\.b\\000.example") == "a\\.b\\000.example");
  CHECK(text_of("dot\\.") == "dot\\.");
  CHECK(name_text(Name{}) == ".");
}

TEST_CASE("A wire form has the text of its name") {
  const Name name = Name::from_text("www.example.com").value();
  CHECK(name_text(name.wire()) == "www.example.com");
  CHECK(name_text(Name{}.wire()) == ".");
}
