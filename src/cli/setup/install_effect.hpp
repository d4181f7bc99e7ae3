#pragma once
#include <string>
#include <vector>

#include "cli/setup/dns_manager.hpp"
#include "cli/setup/resolved_servers.hpp"
#include "tacet/result.hpp"

namespace tacet {

/// Whether the programs of this machine ask tacet and nobody else. Made before anything is changed, for then it sees
/// which links have servers.
class InstallEffect {
public:
  /// `socket` is the control socket of the tacet that answers at `server`.
  InstallEffect(std::string server, std::string socket);

  /// Waits, each time for seconds at most, until /etc/resolv.conf names `server` alone (or resolved's stub), resolved
  /// has no other server for names at large, and names that a new process asks for by getaddrinfo() arrive at tacet.
  /// Faults: system and refused, with what is otherwise.
  Result<void> await(const std::vector<DnsManager>& managers) const;

  /// Domains whose names still go elsewhere, by the networks' own wish: "office.example to 192.0.2.1 (of eth0)".
  std::vector<std::string> claimed_elsewhere() const;

private:
  Result<void> await_resolv_conf(DnsManager writer) const;
  Result<void> await_links() const;
  Result<void> await_names() const;

  std::string server_;
  std::string socket_;
  std::vector<ResolvedScope> before_;
};

}  // namespace tacet
