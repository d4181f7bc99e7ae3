#pragma once
#include <nlohmann/json.hpp>

namespace tacet {

/// The daemon's JSON; its members keep their order.
using ParsedJson = nlohmann::ordered_json;

}  // namespace tacet
