#pragma once
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace tacet {

/// GET /exposure in two tables. Throws nlohmann's exceptions if another version of tacet sent other keys.
std::string exposure_text(const nlohmann::ordered_json& report);

/// GET /exposure/explain in sentences. Throws likewise.
std::string explanation_text(const nlohmann::ordered_json& explanation);

}  // namespace tacet
