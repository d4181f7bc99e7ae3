#pragma once
#include <string>
#include <vector>

#include "cli/setup/dns_manager.hpp"
#include "cli/setup/resolved_servers.hpp"
#include "tacet/result.hpp"

namespace tacet {

/// Checks whether the programs of this machine ask only tacet. Construct it before any change, so that it sees which
/// links have servers.
class InstallEffect {
public:
  /// `socket` is the control socket of the tacet that answers at `server`.
  InstallEffect(std::string server, std::string socket);

  /// Waits, for some seconds each, until /etc/resolv.conf names only `server` (or resolved's stub), resolved has no
  /// other server for all names, and the names that a new process asks for by getaddrinfo() arrive at tacet. Faults:
  /// system and refused; the detail says what differs.
  Result<void> await(const std::vector<DnsManager>& managers) const;

  /// The domains that a network has claimed for its own servers: "office.example to 192.0.2.1 (of eth0)".
  std::vector<std::string> claimed_elsewhere() const;

private:
  Result<void> await_resolv_conf(DnsManager writer) const;
  Result<void> await_links() const;

  std::string server_;
  std::string socket_;
  std::vector<ResolvedScope> before_;
};

}  // namespace tacet
