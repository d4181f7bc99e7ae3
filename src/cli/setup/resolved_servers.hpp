#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "tacet/result.hpp"

namespace tacet {

/// The domain of a scope that claims every name.
inline constexpr std::string_view every_name = "~.";

/// systemd-resolved's servers and domains for all links together, or for one link.
struct ResolvedScope {
  std::string link;  ///< "eth0"; empty for all links
  std::vector<std::string> servers;
  std::vector<std::string> domains;  ///< may hold every_name
};

/// The scopes in the output of `resolvectl dns` and `resolvectl domain`. Skips lines of another form.
std::vector<ResolvedScope> read_scopes(std::string_view dns, std::string_view domain);

/// The scopes of this machine's resolved. Faults: system (no resolvectl, or no resolved).
Result<std::vector<ResolvedScope>> resolved_scopes();

/// The servers beside `server` that resolved may ask for any name: "192.0.2.1 (of eth0)". A link's servers count,
/// unless the scope of all links claims every name and the link claims only its own domains.
std::vector<std::string> other_servers(const std::vector<ResolvedScope>& scopes, const std::string& server);

/// The links that claim every name for servers of their own.
std::vector<ResolvedScope> links_with_every_name(const std::vector<ResolvedScope>& scopes, const std::string& server);

/// The domains that still go to a link's own servers: "office.example to 192.0.2.1 (of eth0)".
std::vector<std::string> domains_of_links(const std::vector<ResolvedScope>& scopes, const std::string& server);

}  // namespace tacet
