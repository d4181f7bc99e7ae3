#pragma once
#include <string>

#include "observe/query_tap.hpp"
#include "tacet/config.hpp"

namespace tacet {

/// One query as a line of JSON, without the line's end. `unix_time` is when it arrived, seconds since 1970. Names and
/// clients are shown as the configuration says: masked, a name is its registrable domain, an address its network (/24,
/// or /48 for IPv6).
std::string query_line(const LoggedQuery& query, const QueryLogConfig& config, double unix_time);

/// "2026-11-26T14:18:04.123Z" (RFC 3339).
std::string utc_text(double unix_time);

}  // namespace tacet
