#include "report/status_summary.hpp"

#include <doctest/doctest.h>

using namespace std::chrono_literals;

namespace tacet {
namespace {

UpstreamReport upstream(std::string id, std::string operator_name, bool warm) {
  ChannelReport channel{.id = id, .operator_name = operator_name, .good = true, .state = {.warm = warm}};
  return {.id = std::move(id), .operator_name = std::move(operator_name), .channels = {std::move(channel)}};
}

UpstreamReport failing(UpstreamReport report) {
  report.good = false;
  report.channels.front().state.warm = false;
  report.channels.front().state.last_error = "no route to host";
  return report;
}

Snapshot snapshot_of(std::vector<UpstreamReport> upstreams) {
  Snapshot snapshot;
  snapshot.upstreams = std::move(upstreams);
  return snapshot;
}

ExposureOverview with_sni(std::string sni) {
  ExposureOverview exposure;
  exposure.endpoints.push_back(
      {.facts = std::make_shared<const ConnectionFacts>(ConnectionFacts{.sni = std::move(sni)})});
  return exposure;
}

}  // namespace

TEST_CASE("a resolver at work says to whom, by what, what is in clear, and how many warnings there are") {
  const auto summary =
      summarise(snapshot_of({upstream("https://a.example/dns-query", "a", true), upstream("tls://192.0.2.1", "a", true),
                             upstream("tls://192.0.2.2", "b", false)}),
                {});
  CHECK(summary.sentence == "Encrypted to a by DoH and DoT; nothing in clear; no warnings");
  CHECK(summary.verdict == Verdict::good);
  CHECK(summary.warnings.empty());
  CHECK(summary.notes.empty());
}

TEST_CASE("before the first connection it is ready, and does not claim to be encrypted now") {
  const auto summary =
      summarise(snapshot_of({upstream("tls://192.0.2.1", "a", false), upstream("tls://192.0.2.2", "b", false)}), {});
  CHECK(summary.sentence == "Ready to ask, encrypted to a by DoT; nothing in clear; no warnings");
}

TEST_CASE("two operators that are asked are both named") {
  const auto summary =
      summarise(snapshot_of({upstream("https://a.example/", "a", true), upstream("tls://192.0.2.2", "b", true)}), {});
  CHECK(summary.sentence.starts_with("Encrypted to a by DoH, and b by DoT;"));
}

TEST_CASE("where the servers name themselves, the sites of the open connections are in the sentence") {
  const auto at = [](UpstreamReport report, std::string address) {
    report.channels.front().state.facts =
        std::make_shared<const ConnectionFacts>(ConnectionFacts{.address = std::move(address)});
    return report;
  };
  auto snapshot = snapshot_of({at(upstream("tls://192.0.2.1", "a", true), "192.0.2.1:853"),
                               at(upstream("https://192.0.2.1/dns-query", "a", true), "192.0.2.1:443"),
                               at(upstream("tls://192.0.2.9", "b", true), "192.0.2.9:853")});
  snapshot.sites = {
      {.upstream = "tls://192.0.2.1", .address = "192.0.2.1:853", .server = "res1.fra", .site = "res1.fra"},
      {.upstream = "tls://192.0.2.1", .address = "[2001:db8::1]:853", .server = "x", .site = "elsewhere"}};
  CHECK(summarise(snapshot, {}).sentence ==
        "Encrypted to a by DoT and DoH at the site res1.fra, and b by DoT; nothing in clear; no warnings");
  snapshot.sites.push_back(
      {.upstream = "https://192.0.2.1/dns-query", .address = "192.0.2.1:443", .server = "47m81", .site = "47m"});
  CHECK(summarise(snapshot, {}).sentence.contains("at the sites res1.fra and 47m, and b"));
}

TEST_CASE("an upstream that fails beside one that works is a warning with its reason") {
  const auto summary = summarise(
      snapshot_of({failing(upstream("tls://192.0.2.1", "a", true)), upstream("tls://192.0.2.2", "b", true)}), {});
  CHECK(summary.verdict == Verdict::warning);
  CHECK(summary.sentence == "Encrypted to b by DoT; nothing in clear; 1 warning");
  CHECK(summary.warnings == std::vector<std::string>{"tls://192.0.2.1 fails: no route to host"});
}

TEST_CASE("without any upstream that works there is trouble") {
  const auto summary = summarise(snapshot_of({failing(upstream("tls://192.0.2.1", "a", true))}), {});
  CHECK(summary.verdict == Verdict::bad);
  CHECK(summary.sentence == "No upstream answers, so new names fail; nothing in clear; 1 warning");
}

TEST_CASE("what travels in clear is in the sentence, and in a note that says why") {
  auto snapshot = snapshot_of({upstream("tls://192.0.2.1", "a", true)});
  SUBCASE("zones") {
    snapshot.zones = {{"lan", true, {}}, {"corp.example", false, {}}, {"fritz.box", true, {}}};
    const auto summary = summarise(snapshot, {});
    CHECK(summary.sentence == "Encrypted to a by DoT; names of lan and fritz.box in clear; no warnings");
    CHECK(summary.verdict == Verdict::good);
    REQUIRE(summary.notes.size() == 1);
    CHECK(summary.notes.front().starts_with("Names of lan and fritz.box travel in clear"));
  }
  SUBCASE("many zones") {
    snapshot.zones = {{"a", true, {}}, {"b", true, {}}, {"c", true, {}}, {"d", true, {}}};
    CHECK(summarise(snapshot, {}).sentence.contains("names of 4 zones in clear"));
  }
  SUBCASE("the look-up of an upstream") {
    snapshot.plaintext_lookups = 2;
    const auto summary = summarise(snapshot, {});
    CHECK(summary.sentence.contains("an upstream's own name in clear"));
    CHECK(summary.notes.front().contains("2 times"));
  }
  SUBCASE("the server's name in the handshake") {
    const auto summary = summarise(snapshot, with_sni("dns.example"));
    CHECK(summary.notes.front().contains("dns.example"));
    CHECK(summarise(snapshot, with_sni("")).notes.empty());
  }
}

TEST_CASE("a certificate that TLS 1.2 shows is noted where no name is sent") {
  ExposureOverview exposure;
  exposure.endpoints.push_back({.facts = std::make_shared<const ConnectionFacts>(
                                    ConnectionFacts{.address = "192.0.2.1:853", .tls_version = "TLSv1.2"})});
  CHECK(
      summarise(snapshot_of({upstream("tls://192.0.2.1", "a", true)}), exposure).notes ==
      std::vector<std::string>{"The network can read the certificate of 192.0.2.1:853 (it comes in clear in TLS 1.2), "
                               "and not what you ask"});
}

TEST_CASE("what is wrong with the machine or its configuration is a warning each") {
  auto snapshot = snapshot_of({upstream("tls://192.0.2.1", "a", true)});
  snapshot.reloads.last_was_good = false;
  snapshot.listen_absent = {"10.0.0.1:53"};
  snapshot.query_log.to = "journal";
  snapshot.query_log.failed = 3;
  const auto summary = summarise(snapshot, {});
  CHECK(summary.warnings.size() == 4);
  CHECK(summary.sentence.ends_with("; 4 warnings"));
  CHECK(summary.verdict == Verdict::warning);
}

TEST_CASE("without proven keys of the root there is trouble where answers must be proven, and a warning elsewhere") {
  auto snapshot = snapshot_of({upstream("tls://192.0.2.1", "a", true)});
  snapshot.dnssec.root_fault = "the answer has no keys";
  ValidationRules rules;
  for (const auto mode : {DnssecMode::on, DnssecMode::log}) {
    rules.mode = mode;
    snapshot.dnssec.rules = std::make_shared<const ValidationRules>(rules);
    const auto summary = summarise(snapshot, {});
    REQUIRE(summary.warnings.size() == 1);
    CHECK(summary.warnings.front().contains("keys of the root (the answer has no keys)"));
    CHECK(summary.verdict == (mode == DnssecMode::on ? Verdict::bad : Verdict::warning));
    CHECK(summary.sentence.starts_with(mode == DnssecMode::on ? "No answer can be proven" : "Encrypted to a"));
  }
}

TEST_CASE("upstreams that answer each name with a failure are trouble") {
  auto snapshot = snapshot_of({upstream("tls://192.0.2.1", "a", true)});
  for (std::uint64_t domain = 0; domain < FailureStreak::enough; ++domain) snapshot.streak.failed(domain, Instant(1s));
  const auto summary = summarise(snapshot, {});
  CHECK(summary.sentence == "Upstreams answer, but the last new names all failed; nothing in clear; 1 warning");
  CHECK(summary.verdict == Verdict::bad);
}

TEST_CASE("a zone's server that fails is named with its zone") {
  auto snapshot = snapshot_of({upstream("tls://192.0.2.1", "a", true)});
  snapshot.zones = {{"lan", true, {failing(upstream("192.168.1.1:53", "lan", false))}}};
  CHECK(summarise(snapshot, {}).warnings ==
        std::vector<std::string>{"192.168.1.1:53 (zone lan) fails: no route to host"});
}

}  // namespace tacet
