#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "tacet/result.hpp"

namespace tacet {

/// What systemd-resolved has for all links together, or for one of them.
struct ResolvedScope {
  std::string link;  ///< "eth0"; empty is what counts for all
  std::vector<std::string> servers;
  std::vector<std::string> domains;  ///< "~." is every name
};

/// The scopes that the outputs of `resolvectl dns` and `resolvectl domain` tell of. Lines of another form are skipped.
std::vector<ResolvedScope> read_scopes(std::string_view dns, std::string_view domain);

/// The scopes of the resolved that runs here. Faults: system (there is no resolvectl, or no resolved).
Result<std::vector<ResolvedScope>> resolved_scopes();

/// The servers beside `server` that resolved may ask for any name: "192.0.2.1 (of eth0)". Those of a link count unless
/// every name has been claimed for all links and the link claims only domains of its own.
std::vector<std::string> other_servers(const std::vector<ResolvedScope>& scopes, const std::string& server);

/// The domains whose names go to a link's own servers all the same: "office.example to 192.0.2.1 (of eth0)".
std::vector<std::string> domains_of_links(const std::vector<ResolvedScope>& scopes, const std::string& server);

}  // namespace tacet
