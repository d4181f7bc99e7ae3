#pragma once
#include <string>

#include "observe/query_tap.hpp"
#include "tacet/config.hpp"

namespace tacet {

/// One query as a line of JSON, without the line's end. The configuration says how to show names and clients: masked, a
/// name is its registrable domain, an address its network (/24, or /48 for IPv6).
std::string query_line(const LoggedQuery& query, const QueryLogConfig& config, WallTime arrived);

/// "2026-11-26T14:18:04.123Z" (RFC 3339).
std::string utc_text(WallTime time);

}  // namespace tacet
