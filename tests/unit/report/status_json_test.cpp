#include "report/status_json.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

using namespace std::chrono_literals;
using nlohmann::json;

namespace tacet {
namespace {

ChannelReport channel(std::string id) {
  return {.id = std::move(id), .operator_name = "example", .good = true, .p50 = 0s, .p95 = 0s, .p99 = 0s, .state = {}};
}

ConnectionFacts facts() {
  return {.transport = Transport::dot,
          .address = "192.0.2.1:853",
          .sni = "dns.example",
          .verified = "dns.example",
          .tls_version = "TLSv1.3",
          .key_exchange = "X25519",
          .resumed = true};
}

}  // namespace

TEST_CASE("times carry their unit in the key") {
  const auto status = json::parse(status_json({.uptime = 90500ms, .workers = 2}, {}));
  CHECK(status.at("uptime_seconds") == 90.5);
  CHECK(status.at("workers") == 2);
  CHECK(status.at("version") == TACET_VERSION);
}

TEST_CASE("every source of answers is named, and only RCODEs that occurred") {
  Snapshot snapshot;
  snapshot.metrics.answers = {1, 2, 3, 4, 5};
  snapshot.metrics.rcodes[0] = 7;
  snapshot.metrics.rcodes[3] = 8;
  const auto status = json::parse(status_json(snapshot, {}));
  CHECK(status.at("answers") == json{{"policy", 1}, {"cache", 2}, {"stale", 3}, {"upstream", 4}, {"failure", 5}});
  CHECK(status.at("rcodes") == json{{"NOERROR", 7}, {"NXDOMAIN", 8}});
}

TEST_CASE("each means of confinement says whether it holds, and why not") {
  Snapshot snapshot;
  snapshot.confinement = {.user = "nobody",
                          .no_new_privs = {true, {}},
                          .capabilities = {false, "capset: Operation not permitted"},
                          .seccomp = {true, {}},
                          .landlock = {true, "version 7"}};
  const auto confinement = json::parse(status_json(snapshot, {})).at("confinement");
  CHECK(confinement.at("user") == "nobody");
  CHECK(confinement.at("no_new_privs") == json{{"on", true}, {"detail", nullptr}});
  CHECK(confinement.at("capabilities") == json{{"on", false}, {"detail", "capset: Operation not permitted"}});
  CHECK(confinement.at("landlock") == json{{"on", true}, {"detail", "version 7"}});
}

TEST_CASE("every zone says whether its names travel in clear, and who is asked") {
  Snapshot snapshot;
  snapshot.zones = {{"lan", true, {channel("192.168.1.1:53")}}, {"corp.example", false, {}}};
  const auto zones = json::parse(status_json(snapshot, {})).at("zones");
  REQUIRE(zones.size() == 2);
  CHECK(zones[0].at("zone") == "lan");
  CHECK(zones[0].at("in_clear") == true);
  CHECK(zones[0].at("upstreams").at(0).at("id") == "192.168.1.1:53");
  CHECK(zones[1].at("in_clear") == false);
  CHECK(json::parse(status_json({}, {})).at("zones").empty());
}

TEST_CASE("counters of queries, cache and look-ups keep their numbers apart") {
  Snapshot snapshot;
  snapshot.listen = {"127.0.0.1:53", "[::1]:53"};
  snapshot.metrics.udp_queries = 11;
  snapshot.metrics.tcp_queries = 12;
  snapshot.metrics.dropped = 13;
  snapshot.metrics.rejected = 14;
  snapshot.cache = {.entries = 21, .octets = 22, .budget = 23, .stored = 24, .evicted = 25};
  snapshot.pending = 31;
  snapshot.plaintext_lookups = 32;
  const auto status = json::parse(status_json(snapshot, {}));
  CHECK(status.at("listen") == json{"127.0.0.1:53", "[::1]:53"});
  CHECK(status.at("queries") == json{{"udp", 11}, {"tcp", 12}, {"dropped", 13}, {"rejected", 14}});
  CHECK(status.at("cache") == json{{"entries", 21}, {"octets", 22}, {"budget", 23}, {"stored", 24}, {"evicted", 25}});
  CHECK(status.at("pending") == 31);
  CHECK(status.at("plaintext_lookups") == 32);
}

TEST_CASE("an upstream that never connected has no connection, no times and no error") {
  Snapshot snapshot;
  snapshot.channels.push_back(channel("tls://192.0.2.1"));
  const auto status = json::parse(status_json(snapshot, {}));
  const auto& upstream = status.at("upstreams").at(0);
  CHECK(upstream.at("id") == "tls://192.0.2.1");
  CHECK(upstream.at("operator") == "example");
  CHECK(upstream.at("state") == "good");
  CHECK(upstream.at("connection").is_null());
  CHECK(upstream.at("p50_ms").is_null());
  CHECK(upstream.at("last_error").is_null());
  CHECK(upstream.at("share").is_null());
}

TEST_CASE("every upstream's share is of the answers of those that stand beside it") {
  Snapshot snapshot;
  for (const std::uint64_t answers : {30U, 10U}) {
    snapshot.channels.push_back(channel("tls://192.0.2.1"));
    snapshot.channels.back().state.answers = answers;
  }
  snapshot.zones = {{"lan", true, {channel("192.168.1.1:53")}}};
  snapshot.zones[0].channels[0].state.answers = 7;
  const auto status = json::parse(status_json(snapshot, {}));
  CHECK(status.at("upstreams").at(0).at("share") == 0.75);
  CHECK(status.at("upstreams").at(1).at("share") == 0.25);
  CHECK(status.at("zones").at(0).at("upstreams").at(0).at("share") == 1);
}

TEST_CASE("the hit rate is of what was looked for in the cache, not of what is answered without it") {
  Snapshot snapshot;
  CHECK(json::parse(status_json(snapshot, {})).at("hit_rate").is_null());
  snapshot.metrics.answers = {100, 3, 1, 4, 2};
  CHECK(json::parse(status_json(snapshot, {})).at("hit_rate") == 0.3);
}

TEST_CASE("times are told apart by whether the answer was here") {
  Snapshot snapshot;
  snapshot.metrics.at_once_time.observe(20us, 98);
  snapshot.metrics.waited_time.observe(30ms, 2);
  const auto times = json::parse(status_json(snapshot, {})).at("times");
  CHECK(times.at("all").at("count") == 100);
  CHECK(times.at("all").at("p50_ms") == doctest::Approx(0.025));
  CHECK(times.at("all").at("p99_ms") == doctest::Approx(50));
  CHECK(times.at("at_once").at("p99_ms") == doctest::Approx(0.025));
  CHECK(times.at("waited").at("p50_ms") == doctest::Approx(50));
}

TEST_CASE("the exposure comes in numbers, without a name") {
  ExposureReport report{.mode = ExposureMode::passive};
  report.exposure.names["\3www\7example"] = {.name = "\3www\7example"};
  auto hidden = facts();
  hidden.sni.clear();
  report.exposure.endpoints = {{.upstream = "a", .facts = std::make_shared<const ConnectionFacts>(facts())},
                               {.upstream = "b", .facts = std::make_shared<const ConnectionFacts>(hidden)}};
  const auto text = status_json({}, report);
  CHECK(text.find("example\"") == std::string::npos);
  const auto exposure = json::parse(text).at("exposure");
  CHECK(exposure.at("mode") == "passive");
  CHECK(exposure.at("names") == 1);
  CHECK(exposure.at("states").at("unknown") == 1);
  CHECK(exposure.at("connections") == 2);
  CHECK(exposure.at("connections_with_sni_in_clear") == 1);
}

TEST_CASE("an upstream in use tells its connection, its times and what went wrong") {
  Snapshot snapshot;
  ChannelReport report = channel("tls://dns.example");
  report.good = false;
  report.p50 = 12ms;
  report.p99 = 250ms;
  report.state = {.warm = true, .connections = 3, .resumptions = 2, .answers = 40, .failures = 5, .reissued = 6};
  report.state.facts = std::make_shared<const ConnectionFacts>(facts());
  report.state.last_error = "reset by peer";
  snapshot.channels = {channel("https://dns.example/dns-query"), report};
  const auto status = json::parse(status_json(snapshot, {}));
  const auto& upstream = status.at("upstreams").at(1);
  CHECK(upstream.at("state") == "failing");
  CHECK(upstream.at("warm") == true);
  CHECK(upstream.at("p50_ms") == 12);
  CHECK(upstream.at("p99_ms") == 250);
  CHECK(upstream.at("connections") == 3);
  CHECK(upstream.at("resumptions") == 2);
  CHECK(upstream.at("answers") == 40);
  CHECK(upstream.at("failures") == 5);
  CHECK(upstream.at("reissued") == 6);
  CHECK(upstream.at("last_error") == "reset by peer");
  CHECK(upstream.at("connection") == json{{"transport", "DoT"},
                                          {"address", "192.0.2.1:853"},
                                          {"sni", "dns.example"},
                                          {"verified", "dns.example"},
                                          {"tls_version", "TLSv1.3"},
                                          {"key_exchange", "X25519"},
                                          {"resumed", true}});
}

TEST_CASE("a connection that sent no name says null, not an empty name") {
  Snapshot snapshot;
  auto shown = facts();
  shown.sni.clear();
  snapshot.channels.push_back(channel("tls://192.0.2.1"));
  snapshot.channels[0].state.facts = std::make_shared<const ConnectionFacts>(shown);
  CHECK(json::parse(status_json(snapshot, {})).at("upstreams").at(0).at("connection").at("sni").is_null());
}

TEST_CASE("words of a peer that are no UTF-8 do not break the status") {
  Snapshot snapshot;
  snapshot.channels.push_back(channel("tls://192.0.2.1"));
  snapshot.channels[0].state.last_error = "alert \xff\xfe";
  CHECK(json::parse(status_json(snapshot, {})).at("upstreams").at(0).at("last_error") == "alert \uFFFD\uFFFD");
}

}  // namespace tacet
