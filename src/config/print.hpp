#pragma once
#include <string>

#include "tacet/config.hpp"

namespace tacet {

/// The configuration as YAML with every key; read_config() reads it as the same Config. Default listening addresses
/// stand in a comment, because as values they would be obligatory.
std::string to_yaml(const Config& config);

}  // namespace tacet
