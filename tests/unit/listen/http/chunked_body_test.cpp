#include "listen/http/chunked_body.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <string>

#include "listen/http/http_query.hpp"

using namespace tacet;

namespace {

/// What becomes of these octets: the body and what is left behind it, "more", or the status of a refusal.
struct Outcome {
  std::string said, left;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

/// The octets come in parts of at most `step`.
Outcome outcome_of(std::string_view octets, std::size_t step) {
  ChunkedBody chunks;
  std::vector<std::uint8_t> body;
  std::string in;
  while (true) {
    const auto part = octets.substr(0, step);
    octets.remove_prefix(part.size());
    in += part;
    std::string_view rest = in;
    const auto whole = chunks.take(rest, body);
    in.erase(0, in.size() - rest.size());
    if (!whole) return {std::to_string(whole.error()), ""};
    if (*whole) return {std::string(body.begin(), body.end()), in + std::string(octets)};
    if (octets.empty()) return {"more", ""};
  }
}

Outcome outcome_of(std::string_view octets) {
  const Outcome at_once = outcome_of(octets, octets.size());
  CHECK(outcome_of(octets, 1).said == at_once.said);
  return at_once;
}

}  // namespace

TEST_CASE("chunks are put together, and what follows them is left (RFC 9112 §7.1)") {
  CHECK(outcome_of("3\r\nabc\r\n0\r\n\r\nGET") == Outcome{"abc", "GET"});
  CHECK(outcome_of("1\r\na\r\n0A\r\n\r\n\r\n\r\nbcde\r\n0000\r\n\r\n") == Outcome{"a\r\n\r\n\r\nbcde", ""});
  CHECK(outcome_of("0\r\n\r\n") == Outcome{"", ""});
  CHECK(outcome_of("") == Outcome{"more", ""});
  for (const auto* part : {"3", "3\r\nab", "3\r\nabc\r", "3\r\nabc\r\n0\r\n", "3\r\nabc\r\n0\r\nA: b\r\n"})
    CHECK(outcome_of(part) == Outcome{"more", ""});
}

TEST_CASE("extensions of a chunk and the trailer are skipped") {
  CHECK(outcome_of("3;a=\"b\" ; c\r\nabc\r\n0 \t;d\r\nDigest: e\r\nF: g\r\n\r\nH") == Outcome{"abc", "H"});
}

TEST_CASE("a broken chunk is refused") {
  for (const auto* broken :
       {"\r\nabc", "x\r\n", "0x3\r\nabc\r\n", "-3\r\n", "+3\r\n", " 3\r\n", "3 4\r\n", "3abc\nabc\r\n", "3\r\nabcd\r\n",
        "3\n\r\nabc\r\n", "3;\x01\r\nabc\r\n", "3\r\nabc\r\n0\r\nA\x7f\r\n"}) {
    CAPTURE(broken);
    CHECK(outcome_of(broken).said == "400");
  }
}

TEST_CASE("more than a DNS message, or too much around it, is refused before it is read") {
  CHECK(outcome_of("10000\r\n").said == "413");
  CHECK(outcome_of("ffffffffffffffff\r\n").said == "413");
  CHECK(outcome_of("1\r\na\r\nffff\r\n").said == "413");
  CHECK(outcome_of("1" + std::string(ChunkedBody::most_around, ';')).said == "413");
  CHECK(outcome_of("0\r\n" + std::string(ChunkedBody::most_around, 'a')).said == "413");
  const std::string most(HttpQuery::most_body, 'a');
  CHECK(outcome_of(fmt::format("{:x}\r\n{}\r\n0\r\n\r\n", most.size(), most)).said == most);
  std::string drips;
  for (std::size_t i = 0; i < ChunkedBody::most_around; ++i) drips += "1\r\na\r\n";
  CHECK(outcome_of(drips, drips.size()).said == "413");
}

TEST_CASE("a size beyond all numbers is refused") { CHECK(outcome_of("fffffffffffffffff\r\n").said == "400"); }
