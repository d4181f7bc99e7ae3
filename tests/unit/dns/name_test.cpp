#include <doctest/doctest.h>

#include "unit/dns/wire_fixture.hpp"

using namespace tacet;
using namespace tacet::fixture;

TEST_CASE("A name reads and prints as the table says") {
  struct Row {
    const char* in;
    const char* out;  // null: refused
  };
  const std::string label63(63, 'x');
  const std::string full = label63 + "." + label63 + "." + label63 + "." + std::string(61, 'y');  // 255 octets of wire
  const std::string too_long = label63 + "." + label63 + "." + label63 + "." + std::string(62, 'y');
  const std::string full_dot = full + ".";
  const std::string long_label(64, 'x');
  const Row rows[] = {
      {"www.Example.com", "www.Example.com."},
      {"www.example.com.", "www.example.com."},
      {".", "."},
      {"com", "com."},
      {"a\\.b.c", "a\\.b.c."},
      {"a\\046b.c", "a\\.b.c."},
      {"a\\\\b", "a\\\\b."},
      {"a\\000b", "a\\000b."},
      {"a b", "a\\032b."},
      {"\\255", "\\255."},
      {full.c_str(), full_dot.c_str()},
      {full_dot.c_str(), full_dot.c_str()},
      {too_long.c_str(), nullptr},
      {long_label.c_str(), nullptr},
      {"", nullptr},
      {"..", nullptr},
      {"a..b", nullptr},
      {".a", nullptr},
      {"a\\256", nullptr},
      {"a\\25", nullptr},
      {"a\\2x5", nullptr},
      {"a\\", nullptr},
  };
  for (const Row& row : rows) {
    CAPTURE(row.in);
    const Result<Name> name = Name::from_text(row.in);
    REQUIRE(name.has_value() == (row.out != nullptr));
    if (!name) {
      CHECK(name.error().fault == Fault::malformed);
      continue;
    }
    CHECK(name->to_string() == row.out);
    CHECK(Name::from_text(name->to_string()).value() == *name);
    CHECK(octets(Name::from_wire(name->wire()).value().wire()) == octets(name->wire()));
  }
}

TEST_CASE("Wire form is taken only whole and uncompressed") {
  CHECK(Name::from_wire(name("a.b")).value().to_string() == "a.b.");
  CHECK(!Name::from_wire({}));
  CHECK(!Name::from_wire(name("a.b") + Octets{0}));
  CHECK(!Name::from_wire(Octets{1, 'a'}));
  CHECK(!Name::from_wire(Octets{5, 'a', 0}));
  CHECK(!Name::from_wire(Octets{0xC0, 0}));
  CHECK(!Name::from_wire(Octets{64, 'a', 0}));
}

TEST_CASE("Names compare without regard to ASCII case, and only to that") {
  CHECK(named("WWW.example.COM") == named("www.EXAMPLE.com"));
  CHECK(named("a.b") != named("a\\.b"));
  CHECK(named("[") != named("{"));  // 0x5B and 0x7B differ in the case bit but are no letters
  CHECK(named("@") != named("`"));
}

TEST_CASE("A name lies under its ancestors and itself, cut at label borders only") {
  CHECK(named("www.example.com").under(named("Example.com")));
  CHECK(named("example.com").under(named("example.com")));
  CHECK(named("example.com").under(Name()));
  CHECK(Name().under(Name()));
  CHECK(!named("badexample.com").under(named("example.com")));
  CHECK(!named("com").under(named("example.com")));
  CHECK(!Name().under(named("com")));
  CHECK(!named("a\\007example.com").under(named("example.com")));
}

TEST_CASE("Labels are counted and the parent is what follows the first") {
  CHECK(named("www.example.com").label_count() == 3);
  CHECK(Name().label_count() == 0);
  CHECK(named("www.example.com").parent() == named("example.com"));
  CHECK(named("com").parent().is_root());
  CHECK(Name().parent().is_root());
}
