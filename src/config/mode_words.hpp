#pragma once
#include <array>
#include <string_view>

#include "tacet/config.hpp"

namespace tacet {

/// The word of each mode in the configuration, by its number. No other table has them.
inline constexpr std::array<std::string_view, 3> exposure_mode_words{"off", "passive", "active"};
inline constexpr std::array<std::string_view, 3> dnssec_mode_words{"off", "log", "on"};

constexpr std::string_view to_string(ExposureMode mode) { return exposure_mode_words[static_cast<std::size_t>(mode)]; }
constexpr std::string_view to_string(DnssecMode mode) { return dnssec_mode_words[static_cast<std::size_t>(mode)]; }

}  // namespace tacet
