#include "doctor/browser_checks.hpp"

#include <doctest/doctest.h>

using namespace tacet;

TEST_CASE("A browser's settings tell where its questions go, and whether it can use ECH") {
  BrowserProfile profile{.browser = "Chromium", .profile = {}, .server = {}};
  CHECK(way_of(profile) == BrowserWay::without_ech);
  profile.asks_system_for_keys = true;
  CHECK(way_of(profile) == BrowserWay::with_ech);
  profile.uses_ech = false;
  CHECK(way_of(profile) == BrowserWay::without_ech);
  for (const char* ours : {"https://127.0.0.1:8453/dns-query{?dns}", "https://[::1]/dns-query", "https://localhost/"}) {
    const BrowserProfile asks{.browser = "Chromium", .profile = {}, .server = ours};
    CHECK(way_of(asks) == BrowserWay::with_ech);
  }
  for (const char* theirs : {"https://1.1.1.1/dns-query", "https://dns.example/127.0.0.1"}) {
    const BrowserProfile asks{.browser = "Chromium", .profile = {}, .server = theirs};
    CHECK(way_of(asks) == BrowserWay::past_tacet);
  }
}

TEST_CASE("Only a browser that goes past tacet is a warning") {
  const auto findings = judge_browsers({{.browser = "Chromium", .profile = "/home/a/.config/chromium", .server = {}},
                                        {.browser = "Firefox", .profile = {}, .server = "https://1.1.1.1/"}});
  REQUIRE(findings.size() == 2);
  CHECK(findings[0].severity == Severity::note);
  CHECK(findings[0].asked.find("/home/a") != std::string::npos);
  CHECK(findings[1].severity == Severity::warning);
}
