#include "report/upstream_report.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace std::chrono_literals;

namespace tacet {
namespace {

ChannelReport channel(std::string id, bool good = true) {
  return {.id = std::move(id), .operator_name = "example", .good = good, .p50 = 0s, .p95 = 0s, .p99 = 0s, .state = {}};
}

std::uint64_t sum_of(const UpstreamReport& upstream, std::string_view key) {
  const auto counter = std::ranges::find(upstream_counters(), key, &UpstreamCounter::key);
  REQUIRE(counter != upstream_counters().end());
  return tacet::sum_of(upstream, *counter);
}

}  // namespace

TEST_CASE("the places of all workers belong to the upstream that is configured, in configured order") {
  std::vector<UpstreamReport> upstreams;
  for (const bool good : {true, false})
    add_channels(upstreams,
                 {channel("tls://192.0.2.1", good), channel("tls://192.0.2.1#2", good), channel("192.168.1.1:53")});
  REQUIRE(upstreams.size() == 2);
  CHECK(upstreams[0].id == "tls://192.0.2.1");
  CHECK(upstreams[0].operator_name == "example");
  CHECK(upstreams[0].channels.size() == 4);
  CHECK_FALSE(upstreams[0].good);
  CHECK(upstreams[1].id == "192.168.1.1:53");
  CHECK(upstreams[1].channels.size() == 2);
  CHECK(upstreams[1].good);
}

TEST_CASE("an upstream's numbers are the sums of its connections, its times the slowest one's") {
  ChannelReport first = channel("tls://192.0.2.1"), second = channel("tls://192.0.2.1#2");
  first.state = {.warm = true, .outstanding = 1, .connections = 2, .answers = 3};
  first.p50 = 5ms;
  second.state = {.warm = true, .outstanding = 10, .connections = 20, .answers = 30};
  second.p50 = 4ms;
  std::vector<UpstreamReport> upstreams;
  add_channels(upstreams, {first, second});
  REQUIRE(upstreams.size() == 1);
  CHECK(upstreams[0].open_connections() == 2);
  CHECK(sum_of(upstreams[0], "outstanding") == 11);
  CHECK(sum_of(upstreams[0], "connections_made") == 22);
  CHECK(sum_of(upstreams[0], "answers") == 33);
  CHECK(slowest_of(upstreams[0], upstream_percentiles().front()) == 5ms);
}

TEST_CASE("the transport is known from what is configured, and plain DNS has no connections") {
  std::vector<UpstreamReport> upstreams;
  ChannelReport plain = channel("[fd00::1]:53");
  plain.state.warm = true;  // a query leaves at once
  add_channels(upstreams, {channel("https://dns.example/dns-query"), channel("tls://dns.example"), plain});
  REQUIRE(upstreams.size() == 3);
  CHECK(upstreams[0].transport() == Transport::doh);
  CHECK(upstreams[1].transport() == Transport::dot);
  CHECK(upstreams[2].is_plain());
  CHECK(upstreams[2].open_connections() == 0);
}

TEST_CASE("a place is used once a connection is wanted, was made or failed") {
  CHECK_FALSE(is_used(channel("tls://192.0.2.1#2")));
  for (const UpstreamState& state : {UpstreamState{.warm = true}, UpstreamState{.outstanding = 1},
                                     UpstreamState{.connections = 1}, UpstreamState{.last_error = "refused"}}) {
    ChannelReport used = channel("tls://192.0.2.1#2");
    used.state = state;
    CHECK(is_used(used));
  }
}

}  // namespace tacet
