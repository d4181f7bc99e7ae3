#pragma once
#include <string>
#include <string_view>

#include "tacet/config.hpp"
#include "tacet/result.hpp"

namespace tacet {

/// A zone's name as configurations keep it: lower case, in ASCII, without the dot behind it ("." for the root). A zone
/// is its name and all names below, so "*.corp.example" is the zone corp.example, and "*" is the root. Fails with
/// invalid_config: what is wrong and what to write. Whatever could match no name that a program asks for is refused: a
/// zone that matches nothing would send its names to the public upstreams.
Result<std::string> parse_zone(std::string_view text);

/// Who is asked for a zone: "192.168.1.1", "[fd00::1]:5353" (plain DNS, port 53 unless given), or the URL of an
/// encrypted upstream. Fails with invalid_config: what is wrong and what is allowed.
Result<ZoneServer> parse_zone_server(std::string_view text);

}  // namespace tacet
