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
#include "tacet/open_file.hpp"

namespace tacet {

/// Makes the new settings from `config`, ready to use: compared, and with every trust store loaded. The settings in use
/// stay as they are. It refuses faults of reading, changes of keys that are fixed at the start, and trust stores and
/// trust anchors that cannot be loaded; `open` opens the latter's files. It waits for the stores, some 20 ms each.
std::expected<std::shared_ptr<const Settings>, ReloadFaults> next_settings(const Settings& in_use,
                                                                           std::expected<Config, ReloadFaults> config,
                                                                           const OpenFile& open = open_file);

/// The part of the cache that a change of settings makes invalid: the answers of servers that would not be asked now.
struct Outdated {
  bool everything = false;  ///< the set of operators changed, or the addresses that they may give
  std::vector<Name> zones;  ///< forwarded elsewhere than before
};

/// What the change from `former` to `now` makes invalid.
Outdated outdated_by(const Config& former, const Config& now);

/// Returns the number of these answers. Call it when no query uses the former configuration any more. Needs no memory.
std::size_t forget(Cache& cache, const Outdated& outdated);

}  // namespace tacet
