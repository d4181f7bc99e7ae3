#pragma once
#include <string>
#include <vector>

#include "cli/setup/resolved_servers.hpp"

namespace tacet {

/// What to do so that resolved asks `server` for every name, and no other server. It asks NetworkManager which
/// connection a link belongs to, because resolved's links lose what others do not tell them again.
std::string advice_on_links(const std::vector<ResolvedScope>& scopes, const std::string& server);

}  // namespace tacet
