#include "dns/query.hpp"

#include <doctest/doctest.h>

#include <array>

#include "unit/dns/wire_fixture.hpp"

using namespace tacet;
using namespace tacet::fixture;

namespace {

const Octets qname = name("wWw.eXample.com");
constexpr unsigned rd = 0x0100;

Octets refusal_reply(const Octets& query) {
  const auto judged = judge_query(query);
  REQUIRE(!judged);
  std::array<std::uint8_t, 512> out;
  const std::size_t size = write_refusal(query, judged.error(), out);
  return octets(Bytes(out).first(size));
}

}  // namespace

TEST_CASE("A good query passes with its index") {
  const auto index = judge_query(header(7, rd, {.additionals = 1}) + question(qname, Type::any) + opt(4096, 0x8000));
  REQUIRE(index);
  CHECK(index->id == 7);
  CHECK(index->dnssec_ok());
  CHECK(judge_query(header(7, rd) + question(qname, Type::txt, Class::ch)));
  CHECK(judge_query(header(7, 0) + question(qname, Type{65280})));
  CHECK(judge_query(header(7, 0x0170) + question(qname)));  // the Z bit is ignored
}

TEST_CASE("What is too short or a response itself is dropped") {
  const Octets query = header(7, rd) + question(qname);
  for (std::size_t size = 0; size < header_size; ++size) {
    const auto judged = judge_query(Bytes(query).first(size));
    REQUIRE(!judged);
    CHECK(judged.error().action == RejectedQuery::Action::drop);
  }
  const Octets response = header(7, 0x8180) + question(qname);
  const auto judged = judge_query(response);
  REQUIRE(!judged);
  CHECK(judged.error().action == RejectedQuery::Action::drop);
  std::array<std::uint8_t, 512> out;
  CHECK(write_refusal(response, judged.error(), out) == 0);
}

TEST_CASE("Each fault is refused by the first rule that it breaks") {
  struct Row {
    const char* what;
    Rcode rcode;
    Octets query;
  };
  const Octets one = question(qname);
  const Octets version1 = opt(1232, 0x00010000);
  const Octets soa = record(pointer(12), Type::soa, 1, soa_rdata({0}, 1));
  const unsigned status = 2 << 11;  // OPCODE 2
  const Row rows[] = {
      {"opcode before the counts", Rcode::notimp, header(7, status, {.questions = 0})},
      {"opcode before a broken question", Rcode::notimp, header(7, status) + Octets{0xC0, 12}},
      {"opcode before two questions", Rcode::notimp, header(7, status, {.questions = 2}) + one + one},
      {"opcode before the EDNS version", Rcode::notimp, header(7, status, {.additionals = 1}) + one + version1},
      {"NOTIFY", Rcode::notimp, header(7, 4 << 11) + one},
      {"no question", Rcode::formerr, header(7, rd, {.questions = 0})},
      {"two questions", Rcode::formerr, header(7, rd, {.questions = 2}) + one + one},
      {"an answer", Rcode::formerr, header(7, rd, {.answers = 1}) + one + record(pointer(12), Type::a, 1, address)},
      {"an authority", Rcode::formerr, header(7, rd, {.authorities = 1}) + one + soa},
      {"an answer before the EDNS version", Rcode::formerr,
       header(7, rd, {.answers = 1, .additionals = 1}) + one + record(pointer(12), Type::a, 1, address) + version1},
      {"a pointer in the question", Rcode::formerr, header(7, rd) + question(Octets{1, 'a'} + pointer(12))},
      {"two OPTs before their versions", Rcode::formerr, header(7, rd, {.additionals = 2}) + one + version1 + version1},
      {"garbage behind", Rcode::formerr, header(7, rd) + one + Octets{1}},
      {"EDNS version 1", Rcode::badvers, header(7, rd, {.additionals = 1}) + one + version1},
      {"EDNS version before AXFR", Rcode::badvers,
       header(7, rd, {.additionals = 1}) + question(qname, Type::axfr) + version1},
      {"EDNS version before the class", Rcode::badvers,
       header(7, rd, {.additionals = 1}) + question(qname, Type::a, Class::hs) + version1},
      {"AXFR", Rcode::refused, header(7, rd) + question(qname, Type::axfr)},
      {"IXFR", Rcode::refused, header(7, rd, {.authorities = 1}) + question(qname, Type::ixfr) + soa},
      {"IXFR over UDP without SOA", Rcode::refused, header(7, rd) + question(qname, Type::ixfr)},
      {"MAILB", Rcode::notimp, header(7, rd) + question(qname, Type::mailb)},
      {"MAILA", Rcode::notimp, header(7, rd) + question(qname, Type::maila)},
      {"TKEY", Rcode::notimp, header(7, rd) + question(qname, Type::tkey)},
      {"an unassigned meta type", Rcode::notimp, header(7, rd) + question(qname, Type{200})},
      {"NXNAME", Rcode::formerr, header(7, rd) + question(qname, Type{128})},
      {"OPT as a question", Rcode::formerr, header(7, rd) + question(qname, Type::opt)},
      {"class HS", Rcode::refused, header(7, rd) + question(qname, Type::a, Class::hs)},
      {"class ANY", Rcode::refused, header(7, rd) + question(qname, Type::a, Class::any)},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    const auto judged = judge_query(row.query);
    REQUIRE(!judged);
    CHECK(judged.error().action == RejectedQuery::Action::reply);
    CHECK(to_string(judged.error().rcode) == to_string(row.rcode));
    const Octets reply = refusal_reply(row.query);
    CHECK(load16(reply, 0) == 7);
    CHECK((load16(reply, 2) & flag::rcode_mask) == (static_cast<unsigned>(row.rcode) & flag::rcode_mask));
    CHECK((reply.size() == header_size || index_message(reply)));
  }
}

TEST_CASE("A refusal echoes ID, OPCODE, RD, CD and the question's octets") {
  const Octets query = header(0xABCD, 0x0110) + question(qname, Type::axfr);
  CHECK(refusal_reply(query) == header(0xABCD, 0x8000 | 0x0110 | 0x0080 | 5) + question(qname, Type::axfr));
}

TEST_CASE("RA and CD are clear where the OPCODE is none of a query, for they mean nothing there") {
  for (std::uint16_t opcode = 1; opcode < 16; ++opcode) {
    const auto bits = static_cast<std::uint16_t>(opcode << 11);
    const Octets asked = header(0xABCD, bits | 0x01B0) + question(qname, Type::mx);  // RD, RA, AD, CD
    CHECK(refusal_reply(asked) == header(0xABCD, 0x8000 | bits | 0x0100 | 4) + question(qname, Type::mx));
    const Octets bare = header(0xABCD, bits, {.questions = 0});
    CHECK(refusal_reply(bare) == header(0xABCD, 0x8000 | bits | 4, {.questions = 0}));
  }
}

TEST_CASE("A question that cannot be read is left out of the refusal") {
  const Octets reply = header(9, 0x8181, {.questions = 0});
  CHECK(refusal_reply(header(9, rd) + question(pointer(12))) == reply);
  CHECK(refusal_reply(header(9, rd) + Octets{3, 'w', 'w'}) == reply);
  CHECK(refusal_reply(header(9, rd, {.questions = 2}) + question(qname) + question(qname)) == reply);
  CHECK(refusal_reply(header(9, rd) + name("a") + Octets{0, 1, 0}) == reply);
}

TEST_CASE("Two OPTs get FORMERR with the question") {
  const Octets query = header(9, rd, {.additionals = 2}) + question(qname) + opt() + opt();
  CHECK(refusal_reply(query) == header(9, 0x8181) + question(qname));
}

TEST_CASE("BADVERS says so in an OPT of version 0 with the DO bit repeated") {
  const Octets query = header(9, rd, {.additionals = 1}) + question(qname) + opt(4096, 0x00018000, tlv(100, {1}));
  CHECK(refusal_reply(query) == header(9, 0x8180, {.additionals = 1}) + question(qname) + opt(1232, 0x01008000));
}

TEST_CASE("A refusal of an EDNS query carries an OPT, and none else") {
  const Octets with = header(9, 0, {.additionals = 1}) + question(qname, Type::axfr) + opt();
  CHECK(refusal_reply(with) == header(9, 0x8085, {.additionals = 1}) + question(qname, Type::axfr) + opt(1232, 0));
  const Octets without = header(9, 0) + question(qname, Type::axfr);
  CHECK(refusal_reply(without) == header(9, 0x8085) + question(qname, Type::axfr));
}

TEST_CASE("The longest refusal fits in 512 octets and a smaller buffer is not overrun") {
  const std::string x(63, 'x');
  const Octets longest = name(x + "." + x + "." + x + "." + std::string(61, 'y'));
  const Octets query = header(9, rd, {.additionals = 1}) + question(longest, Type::axfr) + opt();
  CHECK(refusal_reply(query).size() == 12 + 255 + 4 + 11);
  std::array<std::uint8_t, 281> small;
  CHECK(write_refusal(query, judge_query(query).error(), small) == 0);
}
