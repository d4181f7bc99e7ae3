#include "dns/local_answer.hpp"

#include <doctest/doctest.h>

#include "dns/ldns.hpp"
#include "unit/dns/wire_fixture.hpp"

using namespace tacet;
using namespace tacet::fixture;

TEST_CASE("A local answer is authoritative and holds the records it was given") {
  const Name owner = named("localhost");
  const LocalRecord records[] = {a_record(owner, 600, std::array<std::uint8_t, 4>{127, 0, 0, 1})};
  const AnswerImage image = local_answer({owner, Type::a, Class::in}, Rcode::noerror, records);
  CHECK(image.wire == header(0, 0x8480, {.answers = 1}) + question(name("localhost")) +
                          record(pointer(12), Type::a, 600, {127, 0, 0, 1}));
  CHECK(image.kind == AnswerKind::positive);
  CHECK(image.ttl == 600);
  CHECK(image.ttl_offsets == std::vector<std::uint16_t>{12 + 11 + 4 + 6});
}

TEST_CASE("Every kind of local record reads as meant") {
  const Name owner = named("a.home.arpa");
  const LocalRecord records[] = {aaaa_record(owner, 1, std::array<std::uint8_t, 16>{0x20, 1, 0xd, 0xb8}),
                                 ptr_record(owner, 2, named("b.home.arpa")),
                                 cname_record(owner, 3, named("c")),
                                 txt_record(owner, 4, "hello"),
                                 txt_record(owner, 5, ""),
                                 ns_record(owner, 6, owner)};
  const AnswerImage image = local_answer({owner, Type::any, Class::in}, Rcode::noerror, records);
  const std::string text = presentation(image.wire).value();
  for (const char* line : {"a.home.arpa.\t1\tIN\tAAAA\t2001:db8::", "a.home.arpa.\t2\tIN\tPTR\tb.home.arpa.",
                           "a.home.arpa.\t3\tIN\tCNAME\tc.", "a.home.arpa.\t4\tIN\tTXT\t\"hello\"",
                           "a.home.arpa.\t5\tIN\tTXT\t\"\"", "a.home.arpa.\t6\tIN\tNS\ta.home.arpa."})
    CHECK_MESSAGE(text.find(line) != std::string::npos, text);
  CHECK(image.ttl == 1);
}

TEST_CASE("Long text becomes several character-strings") {
  const LocalRecord record = txt_record(Name(), 1, std::string(600, 't'));
  REQUIRE(record.rdata.size() == 603);
  CHECK(record.rdata[0] == 255);
  CHECK(record.rdata[256] == 255);
  CHECK(record.rdata[512] == 90);
}

TEST_CASE("An empty local zone answers with the SOA of RFC 6303") {
  const Name zone = named("10.in-addr.arpa");
  const AnswerImage image =
      local_answer({named("1.0.0.10.in-addr.arpa"), Type::ptr, Class::in}, Rcode::nxdomain, {}, local_zone_soa(zone));
  CHECK(image.kind == AnswerKind::nxdomain);
  CHECK(image.ttl == 10800);
  const std::string text = presentation(image.wire).value();
  CHECK_MESSAGE(
      text.find("10.in-addr.arpa.\t10800\tIN\tSOA\t10.in-addr.arpa. nobody.invalid. 1 3600 1200 604800 10800") !=
          std::string::npos,
      text);
}

TEST_CASE("Kinds of local answers follow RCODE and records") {
  const Question question{named("x.invalid"), Type::a, Class::ch};
  CHECK(local_answer(question, Rcode::noerror, {}).kind == AnswerKind::nodata);
  CHECK(local_answer(question, Rcode::refused, {}).kind == AnswerKind::failure);
  CHECK(local_answer(question, Rcode::noerror, {}).ttl == 0);
  const auto is_authoritative = [&](Rcode rcode) {
    return parsed(local_answer(question, rcode, {}).wire).index().has(flag::aa);
  };
  CHECK(is_authoritative(Rcode::noerror));
  CHECK(is_authoritative(Rcode::nxdomain));
  CHECK(!is_authoritative(Rcode::refused));
  const LocalRecord version[] = {txt_record(question.name, 0, "tacet")};
  const Message message = parsed(local_answer(question, Rcode::noerror, version).wire);
  CHECK(message.records()[0].rclass == Class::ch);
}
