#include "cli/doctor/browser_settings.hpp"

#include <doctest/doctest.h>

using namespace tacet;

TEST_CASE("Chromium asks the server of its profile, unless a policy says otherwise") {
  CHECK(chromium_settings({}, "").server.empty());
  CHECK(chromium_settings({}, "no JSON").server.empty());
  const auto own = R"({"dns_over_https": {"mode": "secure", "templates": "https://one/dns-query{?dns} https://two/"}})";
  CHECK(chromium_settings({}, own).server == "https://one/dns-query{?dns}");
  CHECK(chromium_settings({R"({"DnsOverHttpsMode": "off"})"}, own).server.empty());
  CHECK(chromium_settings({R"({"DnsOverHttpsMode": "off"})"}, own).by_policy);
  const auto policy =
      R"({"DnsOverHttpsMode": "secure", "DnsOverHttpsTemplates": "https://127.0.0.1:8453/dns-query{?dns}"})";
  CHECK(chromium_settings({"{}", policy}, own).server == "https://127.0.0.1:8453/dns-query{?dns}");
  CHECK_FALSE(chromium_settings({R"({"EncryptedClientHelloEnabled": false})"}, own).uses_ech);
}

TEST_CASE("Firefox asks by itself in the modes 2 and 3, and where Mozilla turned it on") {
  const auto server = [](const char* preferences) { return firefox_settings("", preferences).server; };
  CHECK(server("").empty());
  CHECK(server("user_pref(\"network.trr.mode\", 5);\nuser_pref(\"doh-rollout.mode\", 2);").empty());
  CHECK(server("user_pref(\"network.trr.mode\", 3);").starts_with("https://mozilla.cloudflare-dns.com/"));
  CHECK(server("user_pref(\"network.trr.mode\", 2);\nuser_pref(\"network.trr.uri\", \"https://one/\");") ==
        "https://one/");
  CHECK(server("user_pref(\"network.trr.mode\", 3);\nuser_pref(\"network.trr.mode\", 5);")
            .empty());  // user.js comes last
  CHECK(server("user_pref(\"doh-rollout.mode\", 2);\nuser_pref(\"doh-rollout.uri\", \"https://two/\");") ==
        "https://two/");
}

TEST_CASE("Firefox gets the keys of ECH from the system, unless a preference or a policy forbids it") {
  CHECK(way_of(firefox_settings("", "")) == BrowserWay::with_ech);
  for (const char* name : {"network.dns.echconfig.enabled", "network.dns.native_https_query"})
    CHECK(way_of(firefox_settings("", "user_pref(\"" + std::string(name) + "\", false);")) == BrowserWay::without_ech);
  CHECK(way_of(firefox_settings(R"({"policies": {"DisableEncryptedClientHello": true}})", "")) ==
        BrowserWay::without_ech);
}

TEST_CASE("A policy for Firefox overrules the profile") {
  const auto own = "user_pref(\"network.trr.mode\", 3);\nuser_pref(\"network.trr.uri\", \"https://one/\");";
  CHECK(firefox_settings(R"({"policies": {"DNSOverHTTPS": {"Enabled": false}}})", own).server.empty());
  const auto made =
      firefox_settings(R"({"policies": {"DNSOverHTTPS": {"Enabled": true, "ProviderURL": "https://two/"}}})", own);
  CHECK(made.server == "https://two/");
  CHECK(made.by_policy);
}
