#pragma once
#include <vector>

#include "tacet/config.hpp"

namespace tacet {

/// The other service of each operator that is known without being configured: for an entry at the default operator's
/// addresses, the same host by the other transport at its usual port. None if the operator has an entry with that
/// transport, if the entry has a proxy or another port, or without `ladder: on`.
std::vector<UpstreamConfig> reserves_of(const Config& config);

}  // namespace tacet
