#include "report/exposure_json.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

using namespace tacet;
using nlohmann::json;
using std::chrono::seconds;

namespace {

constexpr Instant now{seconds(1000)};

NameExposure protected_name() {
  NameExposure name{.name = {"\3www\7example\2co\2uk\0", 19}, .queries = 7, .last_query = now - seconds(5)};
  name.history = {{EchState::no_ech, now - seconds(900), now - seconds(800)},
                  {EchState::ech, now - seconds(100), now - seconds(10)}};
  name.upstream = "https://dns.example";
  name.public_name = "outer.example";
  name.owner = name.name;
  name.rdata = {0, 1, 0, 0xFF};
  name.rdata_size = 4;
  return name;
}

}  // namespace

TEST_CASE("A report tells states, ages and who may see what, and leaves what is not known null") {
  ExposureReport report{.mode = ExposureMode::active, .ech_in_build = false, .plaintext_lookups = 2, .now = now};
  report.exposure.add(protected_name());
  report.exposure.add({.name = {"\5other\7example\0", 15}, .queries = 1, .last_query = now});
  ConnectionFacts facts{.transport = Transport::dot, .address = "192.0.2.1:853", .verified = "192.0.2.1"};
  report.exposure.add({.upstream = "tls://192.0.2.1",
                       .facts = std::make_shared<const ConnectionFacts>(facts),
                       .connections = 2,
                       .answers = 5,
                       .padded = 4,
                       .last_use = now - seconds(1)});
  const json read = json::parse(exposure_json(report));
  CHECK(read["mode"] == "active");
  CHECK(read["names"] == 2);
  CHECK(read["plaintext_lookups"] == 2);
  CHECK(read["states"] == json{{"unknown", 1}, {"no https record", 0}, {"no ech", 0}, {"ech", 1}});
  CHECK(read["domains"][0]["domain"] == "example.co.uk");
  const json& name = read["domains"][0]["names"][0];
  CHECK(name["name"] == "www.example.co.uk");
  CHECK(name["state"] == "ech");
  CHECK(name["evidence_seconds"] == 10.0);
  CHECK(name["last_query_seconds"] == 5.0);
  CHECK(read["domains"][1]["names"][0]["evidence_seconds"].is_null());
  const json& connection = read["connections"][0];
  CHECK(connection["sni"].is_null());
  CHECK(connection["ech"] == "not in this build");
  CHECK(connection["certificate_checked_by"] == "address");
  CHECK(connection["answers_padded"] == 4);
}

TEST_CASE("A report tells how programs asked for the names that offer ECH, and which browsers go past us") {
  ExposureReport report{.mode = ExposureMode::passive, .now = now};
  NameExposure hidden = protected_name();
  hidden.over_https = 7;
  hidden.key_over_https = true;
  report.exposure.add(hidden);
  NameExposure shown = protected_name();
  shown.name = {"\5other\7example\0", 15};
  report.exposure.add(shown);
  report.exposure.add(
      {.name = {"\7mozilla\16cloudflare-dns\3com\0", 28}, .queries = 1, .last_query = now - seconds(3)});
  const json read = json::parse(exposure_json(report));
  CHECK(read["offer_ech"] == json{{"asked_only_for_ech", 1}, {"asked_otherwise", 1}});
  CHECK(read["going_past"] == json::parse(R"([{"browsers": "Firefox", "server": "mozilla.cloudflare-dns.com",
                                               "queries": 1, "last_query_seconds": 3.0}])"));
  for (const auto& domain : read["domains"])
    for (const auto& name : domain["names"]) CHECK(name["key_asked_over_https"] == (name["queries_over_https"] == 7));
}

TEST_CASE("An explanation carries the record and its history") {
  const json read = json::parse(exposure_explanation_json({.name = protected_name(), .asked_now = true, .now = now}));
  CHECK(read["record"] == "000100ff");
  CHECK(read["asked_now"] == true);
  CHECK(read["asked_by"] == "client");
  CHECK(read["answered_by"] == "https://dns.example");
  CHECK(read["owner"] == "www.example.co.uk");
  CHECK(read["history"].size() == 2);
  CHECK(read["history"][0] == json{{"state", "no ech"}, {"first_seconds", 900.0}, {"last_seconds", 800.0}});
  const json empty = json::parse(exposure_explanation_json({.name = {.name = {"\1a\0", 3}}, .now = now}));
  CHECK(empty["state"] == "unknown");
  for (const char* key : {"record", "asked_by", "answered_by", "owner", "evidence_seconds", "last_query_seconds"})
    CHECK(empty[key].is_null());
}
