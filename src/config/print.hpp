#pragma once
#include <string>

#include "tacet/config.hpp"

namespace tacet {

/// The configuration as YAML with every key; read_config reads it as the same Config.
/// Default listening addresses are shown as a comment, since naming them would make them obligatory.
std::string to_yaml(const Config& config);

}  // namespace tacet
