#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "tacet/config.hpp"
#include "tacet/result.hpp"

namespace tacet {

/// A zone's name as configurations keep it: lower case, without the dot behind it ("." for the root). Nothing if `text`
/// is no domain name.
std::optional<std::string> canonical_zone(std::string_view text);

/// Who is asked for a zone: "192.168.1.1", "[fd00::1]:5353" (plain DNS, port 53 unless given), or the URL of an
/// encrypted upstream. Fails with invalid_config: what is wrong and what is allowed.
Result<ZoneServer> parse_zone_server(std::string_view text);

}  // namespace tacet
