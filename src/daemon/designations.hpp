#pragma once
#include <vector>

#include "daemon/settings.hpp"
#include "dns/local_answer.hpp"

namespace tacet {

/// The records of our encrypted listeners that a client may use in place of `asked` (RFC 9462 §4.2): those at the same
/// IP address whose certificate holds it. None for a wildcard, because it does not tell which address was asked.
std::vector<LocalRecord> designations(const Settings& settings, const SocketAddress& asked);

}  // namespace tacet
