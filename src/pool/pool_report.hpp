#pragma once
#include <string>

#include "tacet/upstream.hpp"

namespace tacet {

/// What one channel looks like to the pool: its own state and what the pool has measured.
struct ChannelReport {
  std::string id;
  std::string operator_name;
  bool good;               ///< its server is believed to work
  Duration p50, p95, p99;  ///< round-trip times of the last answers; zero without any
  UpstreamState state;
};

/// One server of an operator, among others.
struct ServerExplanation {
  std::string id;             ///< of its first channel: the URL as configured
  std::string operator_name;  ///< of the zone for servers of the local network
  bool good = false;          ///< believed to work
  bool warm = false;          ///< a connection is up
  Duration typical{};         ///< median of the last round trips; zero without any
};

}  // namespace tacet
