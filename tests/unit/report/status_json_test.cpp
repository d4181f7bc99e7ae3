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

/// An upstream of which these are the places for connections.
UpstreamReport upstream_with(std::vector<ChannelReport> channels) {
  std::vector<UpstreamReport> upstreams;
  add_channels(upstreams, std::move(channels));
  REQUIRE(upstreams.size() == 1);
  return upstreams.front();
}

ConnectionFacts facts() {
  return {.transport = Transport::dot,
          .address = "192.0.2.1:853",
          .sni = "dns.example",
          .verified = "dns.example",
          .tls_version = "TLSv1.3",
          .key_exchange = "X25519",
          .resumed = true,
          .proxy = "socks5://127.0.0.1:1080",
          .interface = "wg0",
          .connect_time = 7500us,
          .rung = Rung::no_name};
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

TEST_CASE("each certificate of a listener comes with its end") {
  Snapshot snapshot;
  CHECK(json::parse(status_json(snapshot, {})).at("certificates") == json::array());
  const WallTime now = std::chrono::sys_days(std::chrono::January / 2 / 2026);
  snapshot.certificates = {{"https", "server.pem", now - 80h, now + 80h, now}};
  CHECK(json::parse(status_json(snapshot, {})).at("certificates") == json{{{"listener", "https"},
                                                                           {"file", "server.pem"},
                                                                           {"not_after", "2026-01-05T08:00:00.000Z"},
                                                                           {"days_left", 3}}});
}

TEST_CASE("the protection against rebinding comes with its exceptions, and the page with its address") {
  Snapshot snapshot;
  CHECK(json::parse(status_json(snapshot, {})).at("page").is_null());
  snapshot.page = "http://127.0.0.1:9153/";
  snapshot.rebind = {.protect = true, .allow = {"plex.direct"}};
  const auto status = json::parse(status_json(snapshot, {}));
  CHECK(status.at("rebind") == json{{"protect", true}, {"allow", {"plex.direct"}}});
  CHECK(status.at("page") == "http://127.0.0.1:9153/");
  CHECK(status.at("summary").at("state") == "bad");  // without any upstream
}

TEST_CASE("every zone says whether its names travel in clear, and who is asked") {
  Snapshot snapshot;
  snapshot.zones = {{"lan", true, {upstream_with({channel("192.168.1.1:53")})}}, {"corp.example", false, {}}};
  const auto zones = json::parse(status_json(snapshot, {})).at("zones");
  REQUIRE(zones.size() == 2);
  CHECK(zones[0].at("zone") == "lan");
  CHECK(zones[0].at("in_clear") == true);
  const auto& server = zones[0].at("upstreams").at(0);
  CHECK(server.at("id") == "192.168.1.1:53");
  CHECK(server.at("transport") == "UDP");
  CHECK(server.at("connections").empty());
  CHECK(zones[1].at("in_clear") == false);
  CHECK(json::parse(status_json({}, {})).at("zones").empty());
}

TEST_CASE("counters of queries, cache and look-ups keep their numbers apart") {
  Snapshot snapshot;
  snapshot.listen = {"127.0.0.1:53", "[::1]:53"};
  snapshot.metrics.udp_queries = 11;
  snapshot.metrics.tcp_queries = 12;
  snapshot.metrics.tls_queries = 15;
  snapshot.metrics.https_queries = 16;
  snapshot.metrics.dropped = 13;
  snapshot.metrics.rejected = 14;
  snapshot.cache = {.entries = 21, .octets = 22, .budget = 23, .stored = 24, .evicted = 25};
  snapshot.pending = 31;
  snapshot.plaintext_lookups = 32;
  snapshot.slow_turns = 33;
  snapshot.longest_turn = 3400;
  const auto status = json::parse(status_json(snapshot, {}));
  CHECK(status.at("listen") == json{"127.0.0.1:53", "[::1]:53"});
  CHECK(status.at("queries") ==
        json{{"udp", 11}, {"tcp", 12}, {"tls", 15}, {"https", 16}, {"dropped", 13}, {"rejected", 14}});
  CHECK(status.at("cache") == json{{"entries", 21}, {"octets", 22}, {"budget", 23}, {"stored", 24}, {"evicted", 25}});
  CHECK(status.at("pending") == 31);
  CHECK(status.at("plaintext_lookups") == 32);
  CHECK(status.at("slow_turns") == 33);
  CHECK(status.at("longest_turn_us") == 3400);
}

TEST_CASE("an upstream that never connected has no connections, no times and no error") {
  Snapshot snapshot;
  snapshot.upstreams = {upstream_with({channel("tls://192.0.2.1"), channel("tls://192.0.2.1#2")})};
  const auto status = json::parse(status_json(snapshot, {}));
  REQUIRE(status.at("upstreams").size() == 1);
  const auto& upstream = status.at("upstreams").at(0);
  CHECK(upstream.at("id") == "tls://192.0.2.1");
  CHECK(upstream.at("operator") == "example");
  CHECK(upstream.at("transport") == "DoT");
  CHECK(upstream.at("state") == "good");
  CHECK(upstream.at("connections").empty());
  CHECK(upstream.at("p50_ms").is_null());
  CHECK(upstream.at("last_error").is_null());
  CHECK(upstream.at("share").is_null());
}

TEST_CASE("every upstream's share is of the answers of those that stand beside it") {
  const auto with_answers = [](std::string id, std::uint64_t answers) {
    ChannelReport report = channel(std::move(id));
    report.state.answers = answers;
    return report;
  };
  Snapshot snapshot;
  snapshot.upstreams = {upstream_with({with_answers("tls://192.0.2.1", 20), with_answers("tls://192.0.2.1#2", 10)}),
                        upstream_with({with_answers("tls://192.0.2.2", 10)})};
  snapshot.zones = {{"lan", true, {upstream_with({with_answers("192.168.1.1:53", 7)})}}};
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

TEST_CASE("an upstream lists its connections in use, and sums them up") {
  ChannelReport first = channel("tls://dns.example"), second = channel("tls://dns.example#2"),
                unused = channel("tls://dns.example#3");
  first.p50 = 12ms;
  first.p99 = 250ms;
  first.state = {.warm = true, .connections = 3, .resumptions = 2, .answers = 40, .failures = 5, .reissued = 6};
  first.state.facts = std::make_shared<const ConnectionFacts>(facts());
  second.good = false;
  second.p50 = 20ms;
  second.state = {.outstanding = 1, .answers = 2, .failures = 1};
  second.state.last_error = "reset by peer";
  Snapshot snapshot;
  snapshot.upstreams = {upstream_with({first, second, unused})};
  const auto status = json::parse(status_json(snapshot, {}));
  const auto& upstream = status.at("upstreams").at(0);
  CHECK(upstream.at("state") == "failing");
  CHECK(upstream.at("open_connections") == 1);
  CHECK(upstream.at("p50_ms") == 20);
  CHECK(upstream.at("p99_ms") == 250);
  CHECK(upstream.at("outstanding") == 1);
  CHECK(upstream.at("connections_made") == 3);
  CHECK(upstream.at("resumptions") == 2);
  CHECK(upstream.at("answers") == 42);
  CHECK(upstream.at("failures") == 6);
  CHECK(upstream.at("reissued") == 6);
  CHECK(upstream.at("last_error") == "reset by peer");
  REQUIRE(upstream.at("connections").size() == 2);
  const auto& open = upstream.at("connections").at(0);
  CHECK(open.at("id") == "tls://dns.example");
  CHECK(open.at("state") == "open");
  CHECK(open.at("transport") == "DoT");
  CHECK(open.at("address") == "192.0.2.1:853");
  CHECK(open.at("path") == json{{"rung", "no-sni"},
                                {"family", "IPv4"},
                                {"interface", "wg0"},
                                {"proxy", "socks5://127.0.0.1:1080"},
                                {"connect_ms", 7.5}});
  CHECK(open.at("tls") == json{{"version", "TLSv1.3"},
                               {"key_exchange", "X25519"},
                               {"resumed", true},
                               {"sni", "dns.example"},
                               {"verified", "dns.example"}});
  CHECK(open.at("p50_ms") == 12);
  CHECK(open.at("p95_ms").is_null());
  CHECK(open.at("answers") == 40);
  CHECK(open.at("last_error").is_null());
  const auto& opening = upstream.at("connections").at(1);
  CHECK(opening.at("id") == "tls://dns.example#2");
  CHECK(opening.at("state") == "opening");
  CHECK(opening.at("address").is_null());
  CHECK(opening.at("path").is_null());
  CHECK(opening.at("tls").is_null());
  CHECK(opening.at("last_error") == "reset by peer");
}

TEST_CASE("a connection that has ended is listed as closed") {
  ChannelReport report = channel("tls://192.0.2.1");
  report.state.connections = 1;
  report.state.facts = std::make_shared<const ConnectionFacts>(facts());
  Snapshot snapshot;
  snapshot.upstreams = {upstream_with({report})};
  const auto status = json::parse(status_json(snapshot, {}));
  const auto& upstream = status.at("upstreams").at(0);
  CHECK(upstream.at("open_connections") == 0);
  CHECK(upstream.at("connections").at(0).at("state") == "closed");
}

TEST_CASE("a connection that sent no name says null, not an empty name") {
  auto shown = facts();
  shown.sni.clear();
  ChannelReport report = channel("tls://192.0.2.1");
  report.state.warm = true;
  report.state.facts = std::make_shared<const ConnectionFacts>(shown);
  Snapshot snapshot;
  snapshot.upstreams = {upstream_with({report})};
  const auto status = json::parse(status_json(snapshot, {}));
  CHECK(status.at("upstreams").at(0).at("connections").at(0).at("tls").at("sni").is_null());
}

TEST_CASE("words of a peer that are no UTF-8 do not break the status") {
  ChannelReport report = channel("tls://192.0.2.1");
  report.state.last_error = "alert \xff\xfe";
  Snapshot snapshot;
  snapshot.upstreams = {upstream_with({report})};
  CHECK(json::parse(status_json(snapshot, {})).at("upstreams").at(0).at("last_error") == "alert \uFFFD\uFFFD");
}

}  // namespace tacet
