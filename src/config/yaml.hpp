#pragma once
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "config/fault.hpp"
#include "tacet/config.hpp"

namespace tacet {

/// Reads a configuration over the defaults: what `text` does not set keeps its default.
/// A syntax fault comes alone; semantic faults come all at once, in the order of the file. `file_name` is only printed.
/// Looks at the files that the configuration names (are they there, may they be read), at nothing else outside.
std::expected<Config, std::vector<ConfigFault>> read_config(std::string_view text, std::string_view file_name);

}  // namespace tacet
