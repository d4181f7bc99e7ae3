#include "cli/browser/policies.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

using namespace tacet;
using Json = nlohmann::json;

TEST_CASE("Chromium asks tacet, nobody else, and trusts the authority for this machine only") {
  const auto policy = Json::parse(chromium_policy("QUJD"));
  CHECK(policy == Json::parse(R"({
    "DnsOverHttpsMode": "secure",
    "DnsOverHttpsTemplates": "https://127.0.0.1:8453/dns-query{?dns}",
    "CACertificatesWithConstraints": [
      {"certificate": "QUJD", "constraints": {"permitted_dns_names": ["invalid"],
                                              "permitted_cidrs": ["127.0.0.1/32", "::1/128"]}}]})"));
}

TEST_CASE("A policy file is ours only with this authority and every key; more keys do not matter") {
  const auto text = chromium_policy("QUJD");
  CHECK(is_chromium_policy(text, "QUJD"));
  CHECK_FALSE(is_chromium_policy(text, "QUJE"));
  auto changed = Json::parse(text);
  changed["HomepageLocation"] = "about:blank";
  CHECK(is_chromium_policy(changed.dump(), "QUJD"));
  changed["DnsOverHttpsMode"] = "automatic";
  CHECK_FALSE(is_chromium_policy(changed.dump(), "QUJD"));
  CHECK_FALSE(is_chromium_policy("", "QUJD"));
}

TEST_CASE("Keys that another file of the folder sets are named") {
  CHECK(shared_policy_keys(R"({"HomepageLocation": "about:blank"})")->empty());
  CHECK(shared_policy_keys(R"({"DnsOverHttpsMode": "off", "X": 1, "CACertificatesWithConstraints": []})").value() ==
        std::vector<std::string>{"DnsOverHttpsMode", "CACertificatesWithConstraints"});
  CHECK(shared_policy_keys("[1]").error().fault == Fault::malformed);
  CHECK(shared_policy_keys("{").error().fault == Fault::malformed);
}

TEST_CASE("Firefox's policies keep what the administrator wrote, in its order") {
  const auto merged = firefox_policies(
      R"({"policies": {"Zoom": 1, "Certificates": {"Install": ["/corp.pem"]}, "A": true}})", "/ca.pem");
  CHECK(Json::parse(*merged) == Json::parse(R"({"policies": {"Zoom": 1, "A": true,
    "Certificates": {"Install": ["/corp.pem", "/ca.pem"]},
    "DNSOverHTTPS": {"Enabled": true, "ProviderURL": "https://127.0.0.1:8453/dns-query", "Fallback": false,
                     "Locked": true}}})"));
  CHECK(merged->find("Zoom") < merged->find("\"A\""));
  CHECK(is_firefox_policies(*merged));
  CHECK(firefox_policies(*merged, "/ca.pem").value() == *merged);
}

TEST_CASE("Without policies of its own Firefox gets ours alone") {
  CHECK(is_firefox_policies(firefox_policies("", "/ca.pem").value()));
  CHECK_FALSE(is_firefox_policies(""));
  CHECK_FALSE(is_firefox_policies(R"({"policies": {}})"));
  CHECK_FALSE(is_firefox_policies("[]"));
}

TEST_CASE("Firefox's policies that say otherwise, or cannot be read, are refused") {
  CHECK(firefox_policies(R"({"policies": {"DNSOverHTTPS": {"Enabled": false}}})", "/ca.pem").error().fault ==
        Fault::refused);
  for (const auto* broken : {"{", "[]", R"({"policies": 1})", R"({"policies": {"Certificates": 1}})",
                             R"({"policies": {"Certificates": {"Install": 1}}})"})
    CHECK_MESSAGE(firefox_policies(broken, "/ca.pem").error().fault == Fault::malformed, broken);
}
