#include "dns/answer_check.hpp"

#include <doctest/doctest.h>

#include "wire_fixture.hpp"

using namespace tacet;
using namespace tacet::fixture;

namespace {

constexpr unsigned ok = flag::qr | flag::rd | flag::ra;
const Octets asked_name = name("www.example");
const Question asked{named("www.example"), Type::a, Class::in};
const Octets a_record = record(pointer(12), Type::a, 300, address);

/// The fault by which an answer under ID 7 is refused; nothing if it is taken.
std::optional<Fault> refusal(const Octets& octets, TransportKind transport_kind = TransportKind::datagram) {
  const auto answer = accept_answer(asked, 7, octets, transport_kind);
  return answer ? std::nullopt : std::optional(answer.error().fault);
}

Octets answer_with(unsigned id, unsigned flags, const Octets& questions) {
  return header(id, flags, {.answers = 1}) + questions + a_record;
}

}  // namespace

TEST_CASE(
    "An answer has QR, the opcode QUERY, the ID and the question of its query, whatever the case of the letters") {
  const Octets same = question(asked_name);
  CHECK(!refusal(answer_with(7, ok, same)));
  CHECK(!refusal(answer_with(7, ok, question(name("wWw.eXamPle")))));
  CHECK(refusal(answer_with(8, ok, same)) == Fault::mismatched);
  CHECK(refusal(answer_with(7, flag::rd, same)) == Fault::mismatched);
  for (unsigned opcode = 1; opcode < 16; ++opcode)
    CHECK(refusal(answer_with(7, ok | opcode << 11, same)) == Fault::mismatched);
  CHECK(refusal(answer_with(7, ok, question(name("www.exampla")))) == Fault::mismatched);
  CHECK(refusal(answer_with(7, ok, question(name("www.example.net")))) == Fault::mismatched);
  CHECK(refusal(answer_with(7, ok, question(asked_name, Type::aaaa))) == Fault::mismatched);
  CHECK(refusal(answer_with(7, ok, question(asked_name, Type{0x21}))) == Fault::mismatched);
  CHECK(refusal(answer_with(7, ok, question(asked_name, Type::a, Class::ch))) == Fault::mismatched);
  CHECK(accept_answer(asked, std::nullopt, answer_with(8, ok, same), TransportKind::stream));
}

TEST_CASE("An answer has one question: one without or with two is none, unless it is an error without records") {
  const Octets once = question(asked_name);
  CHECK(refusal(header(7, ok, {.questions = 2, .answers = 1}) + once + once + a_record) == Fault::mismatched);
  CHECK(refusal(header(7, ok, {.questions = 0, .answers = 1}) + record(asked_name, Type::a, 300, address)) ==
        Fault::mismatched);
  CHECK(refusal(header(7, ok, {.questions = 0})) == Fault::mismatched);
  CHECK(refusal(header(7, ok | 3, {.questions = 0})) == Fault::mismatched);  // NXDOMAIN of what?
}

TEST_CASE("A bare header that says an error is the error's answer to the question, with the counts of the query too") {
  for (const Rcode rcode : {Rcode::formerr, Rcode::servfail, Rcode::notimp, Rcode::refused}) {
    for (const Counts counts : {Counts{.questions = 0}, Counts{.questions = 1, .additionals = 1}}) {
      const auto answer =
          accept_answer(asked, 7, header(7, ok | static_cast<unsigned>(rcode), counts), TransportKind::datagram);
      REQUIRE(answer);
      CHECK(answer->rcode() == rcode);
      CHECK(answer->question() == asked);
      CHECK(answer->index().answers == 0);
      CHECK(!answer->index().has_edns);
    }
  }
  CHECK(refusal(header(8, ok | 1, {.questions = 0})) == Fault::mismatched);
  CHECK(refusal(header(7, 1, {.questions = 0})) == Fault::mismatched);
  CHECK(refusal(header(7, ok | 0x2801, {.questions = 0})) == Fault::mismatched);
  const auto badvers = accept_answer(
      asked, 7, header(7, ok, {.questions = 0, .additionals = 1}) + opt(1232, 0x01000000), TransportKind::stream);
  REQUIRE(badvers);
  CHECK(badvers->rcode() == Rcode::badvers);
}

TEST_CASE("Truncation is for datagrams: by a stream an answer that brings nothing for it is refused") {
  const Octets empty = header(7, ok | flag::tc) + question(asked_name);
  CHECK(!refusal(empty));
  CHECK(refusal(empty, TransportKind::stream) == Fault::protocol);
  CHECK(!refusal(answer_with(7, ok | flag::tc, question(asked_name)), TransportKind::stream));
}

TEST_CASE("What belongs to the question and is broken is malformed, and so is what has no whole header") {
  Octets cut = answer_with(7, ok, question(asked_name));
  cut.pop_back();
  CHECK(refusal(cut) == Fault::malformed);
  CHECK(refusal({}) == Fault::malformed);
  CHECK(refusal(Octets(11)) == Fault::malformed);
  cut.resize(20);  // in the middle of the question
  CHECK(refusal(cut) == Fault::mismatched);
}
