#pragma once
#include <nlohmann/json.hpp>

namespace tacet {

/// JSON as the daemon wrote it: its members keep their order.
using ParsedJson = nlohmann::ordered_json;

}  // namespace tacet
