#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "tacet/config.hpp"

namespace tacet {

/// The day on which people last compared the list of known servers with what their operators publish.
inline constexpr std::string_view known_servers_date = "2026-11-28";

/// Gives an upstream of a well-known operator its addresses, unless it has some, and its operator's name: then tacet
/// looks up no name, and the operator's servers stand in for each other.
void recognise(UpstreamConfig& upstream);

/// The URL of a server that dnscrypt-proxy's public list calls `name`; nothing for one that we do not know.
std::optional<std::string> url_of_listed(std::string_view name);

}  // namespace tacet
