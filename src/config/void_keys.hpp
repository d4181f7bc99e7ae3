#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/value.hpp"
#include "tacet/config.hpp"

namespace tacet {

/// Reports keys that are written and do nothing, because the key that they need is missing or says otherwise: such as
/// `rebind.allow` where nothing is said of `rebind.protect`. A switch that is written off is a decision, and its
/// companions may stay; one that was forgotten is a mistake.
void report_void_keys(const Value& root, const Config& config);

/// Why a key must not be written beside what else this configuration says, with what is allowed; nothing if it may.
std::optional<std::string_view> contradiction(std::string_view key, const Config& config);

/// What a configuration says and does not use, though it is no mistake: companions of what is switched off, and `allow`
/// where only this machine is served. A sentence each.
std::vector<std::string> remarks(const Config& config);

}  // namespace tacet
