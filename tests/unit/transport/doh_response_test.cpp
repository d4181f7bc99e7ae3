#include "transport/doh_response.hpp"

#include <doctest/doctest.h>

using namespace tacet;

namespace {

Error refusal(long status, std::optional<std::string_view> media_type) {
  const auto body = doh_body({.status = status, .media_type = media_type, .body = {1, 2}});
  REQUIRE(!body.has_value());
  return body.error();
}

}  // namespace

TEST_CASE("a body is taken with status 200 and its media type, in any case and with parameters") {
  for (const auto* type : {"application/dns-message", "Application/DNS-Message", "application/dns-message; v=1",
                           "application/dns-message;v=1"})
    CHECK(doh_body({.status = 200, .media_type = type, .body = {1, 2}}) == std::vector<std::uint8_t>{1, 2});
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
