#pragma once
#include <array>
#include <cstdint>
#include <string_view>

namespace tacet {

/// How much a line of the log matters. `error`: tacet cannot do its work; `warn`: the user should act; `info`: rare
/// changes of state; `debug`: per query, for a person who reads along.
enum class LogLevel : std::uint8_t { error, warn, info, debug };

/// The word of each level, by its number. No other table has them.
inline constexpr std::array<std::string_view, 4> log_level_words{"error", "warn", "info", "debug"};

}  // namespace tacet
