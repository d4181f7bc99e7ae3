#pragma once
#include <expected>
#include <string>
#include <vector>

#include "config/fault.hpp"
#include "tacet/config.hpp"
#include "tacet/open_file.hpp"

namespace tacet {

/// The configuration in the file at `path`, opened by `open` if given. A file that cannot be read is a fault like any
/// other.
std::expected<Config, std::vector<ConfigFault>> load_config(const std::string& path, const OpenFile& open = {});

/// "yaml-cpp 0.7.0", as found by the build; the next line is "libidn2 2.3.3".
std::string config_library_version();

}  // namespace tacet
