#pragma once
#include <fmt/core.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "tacet/instant.hpp"
#include "tacet/log_level.hpp"

namespace tacet::log {

// Only lines behind a Gate or a RateLimit, or at level debug, may be caused by a client.

/// "error", "warn", "info" or "debug".
std::string_view to_string(LogLevel level);
/// The level for one of these words; nothing for any other word.
std::optional<LogLevel> level_from_text(std::string_view word);

/// True if the journal reads this descriptor. JOURNAL_STREAM names one stream by device and inode (systemd.exec(5)). A
/// process has the variable even if its output goes to a file or a pipe, so the numbers are compared.
bool is_journal_stream(int descriptor);

/// Starts the log on standard error. Lines carry sd-daemon priorities if the journal reads them, otherwise times.
void start(LogLevel least);
/// Changes the least level that is written. Any thread.
void set_level(LogLevel least);
/// Limits the lines above debug to so many a minute, so that the log cannot fill the disk. A line then says how many
/// were held back. 0 is no limit. Any thread.
void set_limit(std::uint32_t lines_a_minute);
/// The least level that is written.
LogLevel level();
bool enabled(LogLevel level);
void write(LogLevel level, std::string_view text);
/// The same, formatted. Without memory the line is dropped, and the caller goes on.
void say(LogLevel level, fmt::string_view format, fmt::format_args args) noexcept;

template <class... Args>
void debug(fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(LogLevel::debug)) say(LogLevel::debug, format, fmt::make_format_args(args...));
}
template <class... Args>
void info(fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(LogLevel::info)) say(LogLevel::info, format, fmt::make_format_args(args...));
}
template <class... Args>
void warn(fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(LogLevel::warn)) say(LogLevel::warn, format, fmt::make_format_args(args...));
}
template <class... Args>
void error(fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(LogLevel::error)) say(LogLevel::error, format, fmt::make_format_args(args...));
}

/// For a handler of exceptions that has no caller to tell: the present exception has ended `what` ("a task"). Writes at
/// most one line a minute for lack of memory, and one for all other exceptions, which are bugs. Any thread.
void escaped(std::string_view what) noexcept;

/// Lets one event (or `most`) per period through and counts the rest, so no event can flood the log.
class RateLimit {
public:
  explicit RateLimit(Duration period = std::chrono::minutes(1), std::uint32_t most = 1)
      : period_(period),
        most_(most) {}

  /// The number of events held back since the last one that passed; nothing if this event is to be held back.
  std::optional<std::uint64_t> pass(Instant now);

private:
  Duration period_;
  std::uint32_t most_;
  std::optional<Instant> began_;
  std::uint32_t passed_ = 0;  // in the present period
  std::uint64_t held_ = 0;
};

/// "spdlog 1.10.0, fmt 9.1.0" as compiled.
std::string library_versions();

}  // namespace tacet::log
