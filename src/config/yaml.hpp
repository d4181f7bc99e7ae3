#pragma once
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "config/fault.hpp"
#include "tacet/config.hpp"

namespace tacet {

/// Reads a configuration over the defaults: a key that `text` does not set keeps its default. A syntax fault comes
/// alone; semantic faults come all at once, in the order of the file. `file_name` is only printed. Also checks the
/// files that the configuration names (existence and kind), and nothing else outside.
std::expected<Config, std::vector<ConfigFault>> read_config(std::string_view text, std::string_view file_name);

}  // namespace tacet
