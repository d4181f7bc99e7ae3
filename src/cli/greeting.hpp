#pragma once
#include <string>
#include <vector>

#include "tacet/config.hpp"

namespace tacet {

/// Four lines for a person who starts tacet in a terminal: what it serves, whom it asks, what others still see, and
/// what to try next. `listening` are the addresses where it really listens.
std::string greeting(const Config& config, const std::vector<std::string>& listening);

}  // namespace tacet
