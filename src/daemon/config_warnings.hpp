#pragma once
#include "tacet/config.hpp"

namespace tacet {

/// Logs the zones whose names travel unencrypted: nobody shall learn that by surprise.
void warn_of_zones_in_clear(const Config& config);

/// Logs the public prefixes of `allow`: they make an open resolver.
void warn_of_public_clients(const Config& config);

}  // namespace tacet
