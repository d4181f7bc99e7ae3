#pragma once
#include "config/value.hpp"
#include "tacet/config.hpp"

namespace tacet {

/// Reports faults between keys: upstream names that cannot be looked up, listening addresses open to others by mistake,
/// TTL limits that contradict each other, and servers that are tacet itself. `root` is the document of `config`.
void check_whole_file(const Value& root, const Config& config);

}  // namespace tacet
