#include "resolve/validation/translated_addresses.hpp"

#include <doctest/doctest.h>

#include "dns/wire.hpp"
#include "unit/dnssec/signed_zone.hpp"

using namespace tacet;
using namespace tacet::fixture;

namespace {

Message answer_of(std::initializer_list<std::string_view> lines, Type type = Type::aaaa) {
  return Packet{ask("www.example.test", type), 0, records_from(lines)}.message();
}

}  // namespace

TEST_CASE("The prefix of a NAT64 is known by addresses that lead no further than the own network") {
  for (const char* inside : {"64:ff9b::c000:201", "64:ff9b:1:fffe::c000:201", "fd64:1:2:3::c000:201"})
    CHECK(translation_prefix_of(answer_of({"www.example.test. 60 AAAA " + std::string(inside)})));
  for (const char* outside : {"2001:db8:64::c000:201", "64:ff9b:0:1::c000:201", "::ffff:c000:201", "fe80::c000:201"})
    CHECK_FALSE(translation_prefix_of(answer_of({"www.example.test. 60 AAAA " + std::string(outside)})));
  CHECK_FALSE(translation_prefix_of(
      answer_of({"www.example.test. 60 AAAA 64:ff9b::c000:201", "www.example.test. 60 AAAA fd64::c000:201"})));
  CHECK_FALSE(translation_prefix_of(answer_of({"www.example.test. 60 CNAME a.test."})));
  CHECK_FALSE(translation_prefix_of(answer_of({"www.example.test. 60 A 192.0.2.1"}, Type::a)));
}

TEST_CASE("Addresses are translated with their aliases and TTLs, and nothing else is") {
  const auto prefix = translation_prefix_of(answer_of({"www.example.test. 60 AAAA 64:ff9b::c000:201"}));
  REQUIRE(prefix);
  const auto made = translated(answer_of({"www.example.test. 300 CNAME a.test.", "a.test. 20 A 192.0.2.1",
                                          "a.test. 20 A 192.0.2.2", "a.test. 20 TXT x"},
                                         Type::a),
                               *prefix);
  REQUIRE(made);
  CHECK(made->question() == ask("www.example.test", Type::aaaa));
  REQUIRE(made->records().size() == 3);
  CHECK(made->records()[0].type == Type::cname);
  const ResourceRecord second = made->records()[2];
  CHECK(made->name_at(second.owner) == named("a.test"));
  CHECK(second.type == Type::aaaa);
  CHECK(second.ttl == 20);
  CHECK(load32(made->rdata(second), 0) == 0x0064FF9B);
  CHECK(load32(made->rdata(second), 12) == 0xC0000202);
  CHECK_FALSE(translated(answer_of({"www.example.test. 300 CNAME a.test."}, Type::a), *prefix));
}
