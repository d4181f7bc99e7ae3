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

// Nothing that a client can cause at will is logged above debug without a RateLimit.

/// "error", "warn", "info" or "debug".
std::string_view to_string(LogLevel level);
/// The level of one of these words, and of no other.
std::optional<LogLevel> level_from_text(std::string_view word);

/// True if the journal reads what is written to this descriptor. JOURNAL_STREAM names one stream by device and inode
/// (systemd.exec(5)), and a process has it also where its output was sent to a file or a pipe since.
bool is_journal_stream(int descriptor);

/// Sets what is written, to standard error; lines carry sd-daemon priorities when the journal reads them, times else.
void start(LogLevel least);
/// Changes what is written from now on. Any thread.
void set_level(LogLevel least);
/// Beyond so many lines a minute above debug, lines are held back, and a line says how many they were: whatever may go
/// wrong, the disk does not fill up. 0 is no bound. Any thread.
void set_limit(std::uint32_t lines_a_minute);
/// The least level that is written.
LogLevel level();
bool enabled(LogLevel level);
void write(LogLevel level, std::string_view text);
/// The same, formatted. What cannot be told for want of memory is not told: whoever logs goes on.
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

/// For a handler of exceptions that has nobody to tell: the present one has ended `what` ("a task"). At most one line a
/// minute for want of memory, and one for all else, which is a bug. Any thread.
void escaped(std::string_view what) noexcept;

/// Lets one event (or `most`) per period through and counts the rest, so that no event can flood the log.
class RateLimit {
public:
  explicit RateLimit(Duration period = std::chrono::minutes(1), std::uint32_t most = 1)
      : period_(period),
        most_(most) {}

  /// The number of events held back before this period, told with its first; or nothing if this one is to be held back.
  std::optional<std::uint64_t> pass(Instant now);

private:
  Duration period_;
  std::uint32_t most_;
  std::optional<Instant> began_;
  std::uint32_t passed_ = 0;  // since then
  std::uint64_t held_ = 0;
};

/// "spdlog 1.10.0, fmt 9.1.0" as compiled.
std::string library_versions();

}  // namespace tacet::log
