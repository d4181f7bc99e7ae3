#include "transport/http/doh_response.hpp"

#include <doctest/doctest.h>

#include "transport/http/doh_method.hpp"

using namespace tacet;

namespace {

Error refusal(long status, std::optional<std::string_view> media_type) {
  const auto body = doh_body({.status = status, .media_type = media_type, .age = {}, .body = {1, 2}});
  REQUIRE(!body.has_value());
  return body.error();
}

}  // namespace

TEST_CASE("a body is taken with its media type, in any case and with parameters") {
  for (const auto* type : {"application/dns-message", "Application/DNS-Message", "application/dns-message; v=1",
                           "application/dns-message;v=1"})
    CHECK(doh_body({.status = 200, .media_type = type, .age = {}, .body = {1, 2}}) == DohBody{{1, 2}, 0});
}

TEST_CASE("what is no DNS over HTTPS is refused with what it was") {
  CHECK(refusal(404, "application/dns-message").detail == "HTTP 404: the server has nothing under the URL's path");
  CHECK(refusal(418, "application/dns-message").detail == "HTTP 418");
  CHECK(refusal(503, "application/dns-message").detail == "HTTP 503: the server is out of order");
  CHECK(refusal(429, {}).detail == "HTTP 429: the server wants to be asked less often");
  CHECK(refusal(308, {}).detail == "HTTP 308: the server points to another URL, and redirects are not followed");
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
  const Question question{*Name::from_text("www"), Type::a, Class::in};
  CHECK(doh_answer(question, {body, 0})->records()[0].ttl == 600);
  CHECK(doh_answer(question, {body, 550})->records()[0].ttl == 50);
  CHECK(doh_answer(question, {body, 600})->records()[0].ttl == 0);
  CHECK(doh_answer(question, {body, 0x80000000U})->records()[0].ttl == 0);
}

TEST_CASE("a message is an answer under any successful status, and a success without one is none") {
  for (long status = 200; status < 300; ++status)
    CHECK(doh_body({.status = status, .media_type = "application/dns-message", .age = {}, .body = {1}}).has_value());
  for (const long status : {0L, 100L, 199L, 300L, 304L, 500L})
    CHECK_FALSE(
        doh_body({.status = status, .media_type = "application/dns-message", .age = {}, .body = {1}}).has_value());
  const auto empty = doh_body({.status = 204, .media_type = {}, .age = {}, .body = {}});
  CHECK(empty.error().detail == "HTTP 204 without a DNS message");
}

TEST_CASE("405 and 501 refuse a method; other statuses refuse only one of them") {
  for (const DohMethod method : {DohMethod::get, DohMethod::post}) {
    CHECK(refuses(method, 405));
    CHECK(refuses(method, 501));
    for (const long status : {0L, 200L, 301L, 401L, 408L, 429L, 500L, 503L}) CHECK_FALSE(refuses(method, status));
    CHECK(other_than(other_than(method)) == method);
  }
  CHECK(refuses(DohMethod::get, 414));
  CHECK_FALSE(refuses(DohMethod::post, 414));
  for (const long status : {400L, 403L, 404L, 411L, 413L, 415L}) {
    CHECK(refuses(DohMethod::post, status));
    CHECK_FALSE(refuses(DohMethod::get, status));
  }
}

TEST_CASE("octets behind the last record of an answer are no part of it") {
  const std::vector<std::uint8_t> message{0, 0, 0x80, 0, 0, 1, 0, 0, 0, 0, 0, 0, 3, 'w', 'w', 'w', 0, 0, 1, 0, 1};
  std::vector<std::uint8_t> longer = message;
  longer.insert(longer.end(), {0, 0, 41, 7});
  const auto answer = doh_answer({*Name::from_text("www"), Type::a, Class::in}, {longer, 0});
  REQUIRE(answer);
  CHECK(std::vector<std::uint8_t>(answer->wire().begin(), answer->wire().end()) == message);
  CHECK_FALSE(Message::parse(longer));
}
