#pragma once
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace tacet {

/// The daemon's JSON; its members keep their order.
using ParsedJson = nlohmann::ordered_json;

/// The number under a key.
inline std::uint64_t number(const ParsedJson& json, const char* key) { return json.at(key).get<std::uint64_t>(); }

/// The text under a key, or `instead` if it is null.
inline std::string word(const ParsedJson& json, const char* key, std::string_view instead = "?") {
  return json.at(key).is_null() ? std::string(instead) : json.at(key).get<std::string>();
}

}  // namespace tacet
