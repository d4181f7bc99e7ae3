#include "report/upstream_report.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace tacet {
namespace {

template <auto member>
std::uint64_t at(const UpstreamState& state) {
  return state.*member;
}

using S = UpstreamState;

constexpr UpstreamCounter counter_table[] = {
    {"outstanding", "upstream_outstanding_queries", "Queries sent and not answered.", at<&S::outstanding>},
    {"connections_made", "upstream_connections_total", "Connections made.", at<&S::connections>},
    {"resumptions", "upstream_resumptions_total", "Connections that resumed a TLS session.", at<&S::resumptions>},
    {"answers", "upstream_answers_total", "Queries answered.", at<&S::answers>},
    {"failures", "upstream_failures_total", "Queries that failed.", at<&S::failures>},
    {"reissued", "upstream_reissued_total", "Queries sent again on a new connection.", at<&S::reissued>},
};

// One family per percentile: only a summary may have the label "quantile", and a summary counts.
constexpr UpstreamPercentile percentile_table[] = {
    {"p50_ms", "upstream_round_trip_p50_seconds", "Median of the last round trips, of the slowest connection.",
     &ChannelReport::p50},
    {"p95_ms", "upstream_round_trip_p95_seconds", "95th percentile of the last round trips, of the slowest connection.",
     &ChannelReport::p95},
    {"p99_ms", "upstream_round_trip_p99_seconds", "99th percentile of the last round trips, of the slowest connection.",
     &ChannelReport::p99},
};

}  // namespace

Transport UpstreamReport::transport() const {
  if (id.starts_with("https://")) return Transport::doh;
  if (id.starts_with("quic://")) return Transport::doq;
  return id.starts_with("tls://") ? Transport::dot : Transport::udp;
}

std::uint64_t UpstreamReport::open_connections() const {
  if (is_plain()) return 0;
  const auto open = std::ranges::count_if(channels, [](const ChannelReport& channel) { return channel.state.warm; });
  return static_cast<std::uint64_t>(open);
}

void add_channels(std::vector<UpstreamReport>& upstreams, std::vector<ChannelReport> channels) {
  for (ChannelReport& channel : channels) {
    const auto id = std::string_view(channel.id).substr(0, channel.id.find('#'));  // a URL has no '#' of its own
    auto upstream = std::ranges::find(upstreams, id, &UpstreamReport::id);
    if (upstream == upstreams.end()) {
      upstreams.push_back({.id = std::string(id), .operator_name = channel.operator_name});
      upstream = std::prev(upstreams.end());
    }
    upstream->good = upstream->good && channel.good;
    upstream->channels.push_back(std::move(channel));
  }
}

void add_ways(std::vector<UpstreamReport>& upstreams, std::vector<WayReport> ways) {
  for (WayReport& way : ways) {
    const auto upstream = std::ranges::find(upstreams, way.id, &UpstreamReport::id);
    if (upstream == upstreams.end()) continue;
    auto& highest = upstream->way;
    if (!highest || highest->way < way.way || (!highest->block && way.block)) highest = std::move(way);
  }
}

bool is_used(const ChannelReport& channel) {
  const UpstreamState& state = channel.state;
  return state.warm || state.outstanding > 0 || state.connections > 0 || !state.last_error.empty();
}

std::span<const UpstreamCounter> upstream_counters() { return counter_table; }

std::uint64_t sum_of(const UpstreamReport& upstream, const UpstreamCounter& counter) {
  std::uint64_t sum = 0;
  for (const ChannelReport& channel : upstream.channels) sum += counter.read(channel.state);
  return sum;
}

std::span<const UpstreamPercentile> upstream_percentiles() { return percentile_table; }

Duration slowest_of(const UpstreamReport& upstream, const UpstreamPercentile& percentile) {
  Duration slowest{};
  for (const ChannelReport& channel : upstream.channels) slowest = std::max(slowest, channel.*percentile.time);
  return slowest;
}

}  // namespace tacet
