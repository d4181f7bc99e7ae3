#include "transport/doh_response.hpp"

#include <doctest/doctest.h>

using namespace tacet;

namespace {

Error refusal(long status, std::optional<std::string_view> media_type) {
  const auto body = doh_body({.status = status, .media_type = media_type, .age = {}, .body = {1, 2}});
  REQUIRE(!body.has_value());
  return body.error();
}

}  // namespace

TEST_CASE("a body is taken with status 200 and its media type, in any case and with parameters") {
  for (const auto* type : {"application/dns-message", "Application/DNS-Message", "application/dns-message; v=1",
                           "application/dns-message;v=1"})
    CHECK(doh_body({.status = 200, .media_type = type, .age = {}, .body = {1, 2}}) == DohBody{{1, 2}, 0});
}

TEST_CASE("what is no DNS over HTTPS is refused with what it was") {
  CHECK(refusal(404, "application/dns-message").detail == "HTTP 404");
  CHECK(refusal(200, {}).detail == "media type none instead of application/dns-message");
  CHECK(refusal(200, "application/dns-messages").fault == Fault::protocol);
  CHECK(refusal(200, "text/html").detail == "media type \"text/html\" instead of application/dns-message");
}

TEST_CASE("a media type cannot steer the terminal that shows the log, nor fill it") {
  CHECK(refusal(200, "\x1b[2J").detail == "media type \"\\x1b[2J\" instead of application/dns-message");
  CHECK(refusal(200, std::string(60000, 'a')).detail.size() < 200);
}

TEST_CASE("an Age field tells seconds: of a list the first, nothing if it is no number, and no more than 2^31") {
  CHECK(age_of("550") == 550);
  CHECK(age_of(" \t550 ") == 550);
  CHECK(age_of("0550") == 550);
  CHECK(age_of("550, 10") == 550);
  CHECK(age_of("0") == 0);
  for (const char* none : {"", " ", "-550", "+550", "5.5", "550s", "five", "5 50", ",550", "0x10"})
    CHECK(age_of(none) == 0);
  for (const char* huge : {"2147483648", "4294967296", "18446744073709551617", "99999999999999999999999999"})
    CHECK(age_of(huge) == 0x80000000U);
}

TEST_CASE("an answer has lived for as long as HTTP caches have kept it") {
  // www. A, an answer of TTL 600.
  const std::vector<std::uint8_t> body{0, 0, 0x80, 0,  0, 1, 0, 1, 0, 0, 0, 0,    3, 'w', 'w', 'w', 0, 0, 1,
                                       0, 1, 0xC0, 12, 0, 1, 0, 1, 0, 0, 2, 0x58, 0, 4,   192, 0,   2, 1};
  const Bytes question = Bytes(body).subspan(12, 9);
  CHECK(doh_answer(question, {body, 0})->records()[0].ttl == 600);
  CHECK(doh_answer(question, {body, 550})->records()[0].ttl == 50);
  CHECK(doh_answer(question, {body, 600})->records()[0].ttl == 0);
  CHECK(doh_answer(question, {body, 0x80000000U})->records()[0].ttl == 0);
}
