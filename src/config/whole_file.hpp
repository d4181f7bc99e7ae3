#pragma once
#include "config/value.hpp"
#include "tacet/config.hpp"

namespace tacet {

/// Reports what takes more than one key to see: names that nobody can look up, doors that nobody meant to open, TTL
/// limits that contradict each other, and servers that are tacet itself. `root` is what `config` was read from.
void check_whole_file(const Value& root, const Config& config);

}  // namespace tacet
