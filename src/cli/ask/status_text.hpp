#pragma once
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace tacet {

/// What `GET /status` answered, on one screen for people: the endpoints of all workers added up. Throws what
/// nlohmann::json throws if a key is missing.
std::string status_text(const nlohmann::ordered_json& status);

}  // namespace tacet
