#pragma once
#include <cstddef>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "control/reload_outcome.hpp"
#include "daemon/settings.hpp"
#include "resolve/cache/cache.hpp"

namespace tacet {

/// The settings to change to, made of `config` as it was read, ready to be used: compared and with every trust store
/// loaded; what is in use is not touched. Refused are the faults of reading, changes of what is sealed at the start,
/// and trust stores that cannot be loaded. Waits for these, some 20 ms each.
std::expected<std::shared_ptr<const Settings>, ReloadFaults> next_settings(const Settings& in_use,
                                                                           std::expected<Config, ReloadFaults> config);

/// The part of the cache that a change of settings makes untrue: what was asked of others than would be asked now.
struct Outdated {
  bool everything = false;  ///< the set of operators has changed, or which addresses they may give
  std::vector<Name> zones;  ///< forwarded elsewhere than before
};

Outdated outdated_by(const Config& former, const Config& now);

/// Returns how many answers that were. To be called when nobody asks by the former configuration any more. Asks for no
/// memory.
std::size_t forget(Cache& cache, const Outdated& outdated);

}  // namespace tacet
