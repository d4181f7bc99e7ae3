#pragma once
#include <string>
#include <string_view>

#include "tacet/config.hpp"
#include "tacet/result.hpp"

namespace tacet {

/// A zone's name as configurations keep it: lower case, ASCII, without a final dot ("." for the root). A zone is its
/// name and all names below, so "*.corp.example" is the zone corp.example, and "*" is the root. Fault::invalid_config:
/// what is wrong and what to write. Refuses a name that matches no name of a program: with such a zone, the names that
/// the user meant would go to the public upstreams.
Result<std::string> parse_zone(std::string_view text);

/// The server of a zone: "192.168.1.1", "[fd00::1]:5353" (plain DNS, port 53 unless given), or the URL of an encrypted
/// upstream. Fault::invalid_config: what is wrong and what is allowed.
Result<ZoneServer> parse_zone_server(std::string_view text);

}  // namespace tacet
