#pragma once
#include <memory>
#include <optional>
#include <string>

#include "observe/greeting_outcome.hpp"
#include "tacet/upstream.hpp"

namespace tacet {

/// What the pool knows of one channel: the channel's own state and the pool's measurements.
struct ChannelReport {
  std::string id;
  std::string operator_name;
  bool good;               ///< its server is believed to work
  Duration p50, p95, p99;  ///< round-trip times of the last answers; zero without any
  UpstreamState state;
};

/// What the pool knows of one server of an operator.
struct ServerExplanation {
  std::string id;                                  ///< of its first channel: the URL as configured
  std::string operator_name;                       ///< for servers of the local network: the name of the zone
  bool good = false;                               ///< believed to work
  bool warm = false;                               ///< a connection is up
  Duration typical{};                              ///< median of the last round trips; zero without any
  std::shared_ptr<const ConnectionFacts> facts{};  ///< of its current or last connection; null before the first
};

/// How one server is reached, for `tacet status` and `explain`.
struct WayReport {
  std::string id;                          ///< the URL as configured
  Rung way = Rung::configured;             ///< of its connections now
  std::optional<GreetingOutcome> block{};  ///< what the configured way shows here, if that looks like a block
  std::optional<Rung> would_work{};        ///< with `ladder: ask-only`
};

}  // namespace tacet
