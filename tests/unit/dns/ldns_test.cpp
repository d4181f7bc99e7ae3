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

TEST_CASE("A record's data prints without its owner") {
  CHECK(record_presentation(Type::a, address).value() == "192.0.2.1");
  const Octets service = u16(1) + name("svc.example") + tlv(1, {2, 'h', '2'}) + tlv(3, {1, 2});
  CHECK(record_presentation(Type::https, service).value() == "1 svc.example. alpn=h2 port=258");
  CHECK(!record_presentation(Type::a, Octets{1, 2, 3}));
  CHECK(!record_presentation(Type::https, u16(1) + pointer(12)));
}
