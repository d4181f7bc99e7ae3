#pragma once
#include <optional>
#include <vector>

#include "doctor/canaries.hpp"
#include "doctor/path_evidence.hpp"
#include "doctor/portal_check.hpp"

namespace tacet {

/// The question in clear that a probe for portals begins with: the address of the page's host, of the network's own
/// resolver if there is one. Nothing if no server can be asked.
std::optional<ClearQuery> portal_query(const Canaries& canaries, const std::vector<SocketAddress>& own_resolvers);

/// Fetches the page by HTTP from the address that the network gave, and says whether it came as it is. Nothing if the
/// network gave no address. Waits three seconds at most.
std::optional<PortalProbe> probe_portal(const Canaries& canaries, const PathEvidence& path);

}  // namespace tacet
