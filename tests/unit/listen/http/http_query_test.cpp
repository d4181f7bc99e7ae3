#include "listen/http/http_query.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>
#include <vector>

#include "listen/http/frame_allowance.hpp"

using namespace tacet;
using namespace std::chrono_literals;

namespace {

/// Twelve octets: a header without a question.
const std::string encoded = "AAABAAAAAAAAAAAA";
const std::vector<std::uint8_t> decoded{0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0};

unsigned status_of(const HttpQuery& request) {
  const auto message = message_of(request);
  return message ? 200 : message.error();
}

HttpQuery get(std::string target) {
  return {.method = "GET", .target = std::move(target), .content_type = {}, .body = {}};
}
HttpQuery post(std::string type, std::size_t size) {
  return {.method = "POST",
          .target = "/dns-query",
          .content_type = std::move(type),
          .body = std::vector<std::uint8_t>(size, 1)};
}

}  // namespace

TEST_CASE("A GET carries its message in the first dns parameter, whatever stands beside it") {
  for (const auto* query : {"?dns=", "?a=b&dns=", "?dnsx=A&&dns=", "?=&dns="}) {
    CAPTURE(query);
    CHECK(message_of(get("/dns-query" + std::string(query) + encoded)) == decoded);
    CHECK(message_of(get("/dns-query" + std::string(query) + encoded + "&dns=other&z")) == decoded);
  }
  auto head = get("/dns-query?dns=" + encoded);
  head.method = "HEAD";
  CHECK(message_of(head) == decoded);
}

TEST_CASE("The status tells what is wrong with a request") {
  for (const auto* target : {"", "/", "/dns-query/", "/DNS-QUERY", "/x?dns=", "*", "/dns-query2"})
    CHECK(status_of(get(target)) == 404);
  for (const auto* query :
       {"", "?", "?dns", "?dns=", "?dns=A", "?dns=AAA=", "?dns=A+A/", "?dns=%41", "?DNS=AAAA", "?dns=AB"})
    CHECK_MESSAGE(status_of(get("/dns-query" + std::string(query))) == 400, query);
  CHECK(status_of(get("/dns-query?dns=" + std::string(HttpQuery::most_target, 'A'))) == 414);
  for (const auto* method : {"PUT", "get", "", "OPTIONS"}) {
    auto request = get("/dns-query?dns=" + encoded);
    request.method = method;
    CHECK(status_of(request) == 405);
  }
  for (const auto* type : {"application/dns-message", "Application/DNS-Message", "application/dns-message; charset=x"})
    CHECK(status_of(post(type, 12)) == 200);
  for (const auto* type : {"", "text/plain", "application/dns-messages", "application/dns-json"})
    CHECK(status_of(post(type, 12)) == 415);
  CHECK(status_of(post("application/dns-message", 0)) == 400);
  CHECK(status_of(post("application/dns-message", 65535)) == 200);
  CHECK(status_of(post("application/dns-message", 65536)) == 413);
}

TEST_CASE("A reply may be kept for its least TTL, and not at all without one") {
  // a. A, two records with the TTLs 300 and 60.
  std::vector<std::uint8_t> reply{0, 0, 0x81, 0x80, 0, 1, 0, 2, 0, 0, 0, 0, 1, 'a', 0, 0, 1, 0, 1};
  for (const auto ttl : std::to_array<std::uint8_t>({200, 60})) {
    const std::vector<std::uint8_t> record{0xc0, 12, 0, 1, 0, 1, 0, 0, 0, ttl, 0, 4, 192, 0, 2, 1};
    reply.insert(reply.end(), record.begin(), record.end());
  }
  CHECK(response_with(reply).max_age == 60);
  CHECK(response_with(reply).type == "application/dns-message");
  const std::vector<std::uint8_t> servfail{0, 0, 0x81, 0x82, 0, 1, 0, 0, 0, 0, 0, 0, 1, 'a', 0, 0, 1, 0, 1};
  CHECK(response_with(servfail).max_age == 0);
}

TEST_CASE("Every refusal has a phrase and words") {
  for (const unsigned status : {400U, 404U, 405U, 408U, 413U, 414U, 415U, 431U, 501U, 503U}) {
    CHECK(error_response(status).status == status);
    CHECK(!reason_phrase(status).empty());
    CHECK(!error_response(status).body.empty());
    CHECK(!error_response(status).max_age.has_value());
  }
}

TEST_CASE("A flood uses its allowance up; answers and time give it back") {
  const Instant start = Instant{} + 1h;
  FrameAllowance allowance(start);
  for (int i = 0; i < FrameAllowance::most; ++i) REQUIRE(allowance.spend(start));
  CHECK(!allowance.spend(start));
  FrameAllowance busy(start);
  for (int i = 0; i < 10 * FrameAllowance::most; ++i) {
    busy.earn();
    for (int frame = 0; frame < FrameAllowance::for_an_answer; ++frame) REQUIRE(busy.spend(start));
  }
  FrameAllowance quiet(start);
  for (int i = 0; i < FrameAllowance::most; ++i) static_cast<void>(quiet.spend(start));
  for (int i = 0; i < FrameAllowance::in_a_second; ++i) CHECK(quiet.spend(start + 1s));
  CHECK(!quiet.spend(start + 1s));
  for (int i = 0; i < FrameAllowance::most; ++i) CHECK(quiet.spend(start + 100h));
}
