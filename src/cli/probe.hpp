#pragma once
#include <string>

#include "tacet/result.hpp"

namespace tacet {

/// Asks `server`, port 53, by UDP for the name servers of the root, which a resolver that works can always tell. Waits
/// six seconds at most. Faults: unreachable (nobody listens), timeout, protocol (it answers with a failure), system.
Result<void> probe_resolver(const std::string& server);

}  // namespace tacet
