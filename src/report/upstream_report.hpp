#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pool/pool_report.hpp"
#include "tacet/upstream.hpp"

namespace tacet {

/// One configured upstream, or one server of a zone, as all workers have it.
struct UpstreamReport {
  std::string id;  ///< the URL as configured, or "192.168.1.1:53"
  std::string operator_name;
  bool good = true;                       ///< all workers believe that it works
  std::vector<ChannelReport> channels{};  ///< all places for a connection of all workers, used or not
  std::optional<WayReport> way{};         ///< of the worker that is highest on its ladder; nothing for zones

  /// As configured, so it is known before the first connection. Transport::udp stands for plain DNS by UDP and TCP.
  Transport transport() const;
  bool is_plain() const { return transport() == Transport::udp; }
  /// How many connections are up. Plain DNS has none.
  std::uint64_t open_connections() const;
};

/// The state of a zone's servers.
struct ZoneReport {
  std::string zone;
  bool in_clear = false;  ///< its names travel unencrypted
  std::vector<UpstreamReport> upstreams;
};

/// Adds the places of one more worker, each to its upstream.
void add_channels(std::vector<UpstreamReport>& upstreams, std::vector<ChannelReport> channels);

/// Adds how one more worker reaches the upstreams.
void add_ways(std::vector<UpstreamReport>& upstreams, std::vector<WayReport> ways);

/// True once a place for a connection has been used.
bool is_used(const ChannelReport& channel);

/// One number of an upstream and its names. The JSON of a connection and of an upstream, and Prometheus, print the
/// table of these. "_total" ends the family of a counter, as in Counter.
struct UpstreamCounter {
  std::string_view key;
  std::string_view family;  ///< without "tacet_"
  std::string_view help;
  std::uint64_t (*read)(const UpstreamState&);
};
/// The table.
std::span<const UpstreamCounter> upstream_counters();
/// The number of all connections of an upstream.
std::uint64_t sum_of(const UpstreamReport& upstream, const UpstreamCounter& counter);

/// One percentile of an upstream's round trips and its names.
struct UpstreamPercentile {
  std::string_view key;
  std::string_view family;  ///< without "tacet_"
  std::string_view help;
  Duration ChannelReport::* time;
};
/// The table.
std::span<const UpstreamPercentile> upstream_percentiles();
/// The percentile of the slowest connection, because percentiles cannot be added; zero without connections.
Duration slowest_of(const UpstreamReport& upstream, const UpstreamPercentile& percentile);

}  // namespace tacet
