#pragma once
#include <string>
#include <vector>

#include "tacet/result.hpp"

namespace tacet {

/// Makes the directories that lead to `path`. Fault: system.
Result<void> make_parents(const std::string& path);

/// The missing parent directories of `path` below `root`, the outermost first, without the root.
std::vector<std::string> missing_directories(const std::string& root, const std::string& path);

/// Removes these directories below `root`, the innermost first, as far as they are empty. `directories` is in the order
/// of missing_directories().
void remove_empty(const std::string& root, const std::vector<std::string>& directories);

/// Keeps a copy of the file or link `path` at `copy`; no copy of an absent one. Faults: as read_image().
Result<void> keep_copy(const std::string& path, const std::string& copy);

}  // namespace tacet
