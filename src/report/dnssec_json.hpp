#pragma once
#include <string_view>
#include <vector>

#include "report/json.hpp"
#include "report/snapshot.hpp"
#include "resolve/answer_explanation.hpp"

namespace tacet {

/// "secure", "insecure", "bogus", "indeterminate".
std::string_view to_string(SecurityStatus status);

/// What validation goes by and what it knows, without its counters.
Json dnssec_json(const DnssecReport& report);

/// The way from a trust anchor to a name, link by link. Times are seconds from `now`.
Json chain_json(const std::vector<ChainStep>& chain, WallTime now);

}  // namespace tacet
