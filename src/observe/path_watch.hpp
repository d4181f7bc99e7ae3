#pragma once
#include <array>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "observe/interference.hpp"
#include "tacet/config.hpp"

namespace tacet {

/// Watches what this network does to connections with upstreams: from their successes and failures alone, so it sends
/// nothing. Logs each change once. Shared by all workers.
class PathWatch {
public:
  explicit PathWatch(const std::vector<UpstreamConfig>& upstreams) { use(upstreams); }

  /// Watches these upstreams from now on, and no others. What is behind a proxy is not watched: the network sees only
  /// the proxy.
  void use(const std::vector<UpstreamConfig>& upstreams);

  /// A connection proved its peer.
  void established(const UpstreamConfig& upstream, Instant now);
  /// A connection by IPv4 proved its peer, although IPv6 has a route and was tried first.
  void lost_ipv6(const UpstreamConfig& upstream, Instant now);
  /// A connection, or a try to connect, failed.
  void failed(const UpstreamConfig& upstream, const Error& error, Instant now);
  /// Forgets all: another network has to be found out anew.
  void network_changed();

  /// What the network does now.
  std::vector<Interference> interferences() const;

private:
  void judge(Instant now);

  mutable std::mutex mutex_;
  std::map<std::string, UpstreamPath> paths_;  // by URL and interface
  std::vector<Interference> found_;
  std::array<log::RateLimit, all_interference_kinds.size()> said_;
};

}  // namespace tacet
