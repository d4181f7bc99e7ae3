#pragma once
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace tacet {

/// The answer of `GET /status` on one screen, with the sums over all workers. Throws nlohmann's exceptions if a key is
/// missing.
std::string status_text(const nlohmann::ordered_json& status);

}  // namespace tacet
