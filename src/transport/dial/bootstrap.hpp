#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/loop.hpp"
#include "tacet/config.hpp"
#include "tacet/result.hpp"
#include "tacet/task.hpp"

namespace tacet {

/// Finds the addresses of an upstream's host name by plain DNS. It asks only the servers that the configuration names
/// for this: the system's resolver is tacet itself. lookups() counts these plaintext queries.
class Bootstrap {
public:
  /// `loop` must outlive it.
  Bootstrap(Loop& loop, std::vector<SocketAddress> servers) : loop_(loop), servers_(std::move(servers)) {}

  /// Asks these servers from now on, and forgets the answers of others.
  void use(std::vector<SocketAddress> servers);

  /// The IPv4 and IPv6 addresses of `host`, at the latest at `deadline`. Uses an earlier answer for its TTL, at least a
  /// minute. Then asks again, and uses the old answer for a few seconds more if no server answers. An empty answer is a
  /// failure. Faults: invalid_config (no server is configured), timeout, unreachable, protocol (what a server said).
  Task<Result<std::vector<IpAddress>>> resolve(const std::string& host, Instant deadline);

  /// The last answer, however old it is; empty if there was none. Nobody needs to wait for a new one.
  std::vector<IpAddress> known(const std::string& host) const;
  /// True if resolve() would ask the servers.
  bool is_due(const std::string& host) const;
  /// The known addresses lead to nobody who is `host`: it may have moved, or a captive portal made them up. It is due
  /// again a few seconds after it was asked for, whatever its TTL.
  void doubt(const std::string& host);

  /// How many names it asked for in plaintext since the start.
  std::uint64_t lookups() const { return lookups_; }

private:
  struct Known {
    std::vector<IpAddress> addresses;
    Instant asked, fresh_until;
  };
  Loop& loop_;
  std::vector<SocketAddress> servers_;
  std::map<std::string, Known> known_;
  unsigned generation_ = 0;  // of the servers
  std::uint64_t lookups_ = 0;
};

/// "c-ares 1.18.1" as loaded.
std::string bootstrap_library_version();

}  // namespace tacet
