#include "dns/ldns.hpp"

#include <doctest/doctest.h>

#include "unit/dns/wire_fixture.hpp"

using namespace tacet;
using namespace tacet::fixture;

TEST_CASE("A message prints as dig prints it") {
  const Octets wire = header(7, 0x8180, {.answers = 1, .additionals = 1}) + question(name("www.example.com")) +
                      record(pointer(12), Type::a, 300, address) + opt();
  const std::string text = presentation(wire).value();
  CHECK(text.find("rcode: NOERROR, id: 7") != std::string::npos);
  CHECK(text.find("www.example.com.\t300\tIN\tA\t192.0.2.1") != std::string::npos);
}

TEST_CASE("What ldns would accept against the rules is refused before it gets there") {
  CHECK(!presentation(header(7, 0x8180, {.questions = 0})));
  CHECK(!presentation(header(7, 0x8180) + question(name("a")) + Octets{1}));
  CHECK(!presentation(header(7, 0x8180, {.additionals = 2}) + question(name("a")) + opt() + opt()));
  CHECK(!presentation({}));
}
