#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/value.hpp"
#include "tacet/config.hpp"

namespace tacet {

/// Reports keys in the file that do nothing, because the key that they need is missing or says otherwise: such as
/// `rebind.allow` without `rebind.protect`. A switch that is explicitly off is a decision, and its companions may stay.
/// A missing switch is a mistake.
void report_void_keys(const Value& root, const Config& config);

/// Why this configuration must not contain a key, with what is allowed; nothing if it may.
std::optional<std::string_view> contradiction(std::string_view key, const Config& config);

/// Settings without effect that are no mistake: companions of a switch that is off, and `allow` where tacet serves only
/// this machine. One sentence each.
std::vector<std::string> remarks(const Config& config);

}  // namespace tacet
