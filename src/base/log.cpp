#include "base/log.hpp"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <iterator>
#include <mutex>
#include <new>
#include <system_error>

#include "base/clock.hpp"

namespace tacet::log {
namespace {

spdlog::level::level_enum spdlog_level(LogLevel level) {
  constexpr std::array levels{spdlog::level::err, spdlog::level::warn, spdlog::level::info, spdlog::level::debug};
  return levels[static_cast<std::size_t>(level)];
}

/// sd-daemon(3) priorities, so that the journal knows the level of a line.
class JournalPriority final : public spdlog::custom_flag_formatter {
public:
  void format(const spdlog::details::log_msg& message, const std::tm&, spdlog::memory_buf_t& out) override {
    const std::string_view priority = message.level >= spdlog::level::err    ? "<3>"
                                      : message.level >= spdlog::level::warn ? "<4>"
                                      : message.level >= spdlog::level::info ? "<6>"
                                                                             : "<7>";
    out.append(priority.data(), priority.data() + priority.size());
  }
  std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<JournalPriority>(); }
};

/// Writes at most so many lines a minute. At level debug there is no bound: a person reads along and wants every line.
class BoundedLogger final : public spdlog::logger {
public:
  BoundedLogger() : logger("tacet", std::make_shared<spdlog::sinks::stderr_color_sink_mt>()) {
    set_error_handler([](const std::string&) {});  // spdlog's own would write lines about unwritten lines
  }

  void limit(std::uint32_t lines_a_minute) {
    const std::lock_guard lock(mutex_);
    gate_.reset();
    if (lines_a_minute != 0) gate_.emplace(std::chrono::minutes(1), lines_a_minute);
  }

  /// RateLimit::pass() of one limit for lack of memory, or of another for bugs.
  std::optional<std::uint64_t> pass_escaped(bool scarce) {
    const std::lock_guard lock(mutex_);
    return (scarce ? scarcity_ : bugs_).pass(clock_.now());
  }

private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    const std::optional<std::uint64_t> held = message.level > spdlog::level::debug ? pass() : 0;
    if (!held) return;
    if (*held > 0) {
      const auto text = fmt::format("{} lines were held back: more than log.lines in a minute", *held);
      logger::sink_it_({name_, spdlog::level::warn, text});
    }
    logger::sink_it_(message);
  }

  std::optional<std::uint64_t> pass() {
    const std::lock_guard lock(mutex_);
    return gate_ ? gate_->pass(clock_.now()) : 0;
  }

  SystemClock clock_;
  std::mutex mutex_;
  std::optional<RateLimit> gate_;
  RateLimit scarcity_, bugs_;
};

BoundedLogger* bounded() { return dynamic_cast<BoundedLogger*>(spdlog::default_logger_raw()); }

/// True if the present exception says that memory (also the kernel's) has run out.
bool is_scarcity() {
  try {
    throw;
  } catch (const std::bad_alloc&) {
    return true;
  } catch (const std::system_error& error) {
    return error.code() == std::errc::not_enough_memory || error.code() == std::errc::resource_unavailable_try_again;
  } catch (...) {
    return false;
  }
}

/// The words of the present exception. They live as long as it does.
const char* what_is_wrong() {
  try {
    throw;
  } catch (const std::exception& error) {
    return error.what();
  } catch (...) {
    return "a thrown value that is no std::exception";
  }
}

}  // namespace

std::string_view to_string(LogLevel level) { return log_level_words[static_cast<std::size_t>(level)]; }

std::optional<LogLevel> level_from_text(std::string_view word) {
  const auto found = std::ranges::find(log_level_words, word);
  if (found == log_level_words.end()) return std::nullopt;
  return static_cast<LogLevel>(found - log_level_words.begin());
}

bool is_journal_stream(int descriptor) {
  const char* const named = std::getenv("JOURNAL_STREAM");
  struct stat status{};
  return named != nullptr && ::fstat(descriptor, &status) == 0 &&
         fmt::format("{}:{}", status.st_dev, status.st_ino) == named;
}

void start(LogLevel least) {
  auto logger = std::make_shared<BoundedLogger>();
  if (is_journal_stream(STDERR_FILENO)) {
    auto formatter = std::make_unique<spdlog::pattern_formatter>();
    formatter->add_flag<JournalPriority>('*').set_pattern("%*%v");
    logger->set_formatter(std::move(formatter));
  } else {
    logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e %^%-5l%$ %v");
  }
  logger->set_level(spdlog_level(least));
  logger->flush_on(spdlog::level::debug);
  spdlog::set_default_logger(std::move(logger));
}

void set_level(LogLevel least) { spdlog::default_logger_raw()->set_level(spdlog_level(least)); }

void set_limit(std::uint32_t lines_a_minute) {
  if (auto* logger = bounded()) logger->limit(lines_a_minute);
}

LogLevel level() {
  for (const LogLevel each : {LogLevel::debug, LogLevel::info, LogLevel::warn})
    if (enabled(each)) return each;
  return LogLevel::error;
}

bool enabled(LogLevel level) { return spdlog::should_log(spdlog_level(level)); }

void write(LogLevel level, std::string_view text) {
  spdlog::default_logger_raw()->log(spdlog_level(level), spdlog::string_view_t(text.data(), text.size()));
}

void say(LogLevel level, fmt::string_view format, fmt::format_args args) noexcept {
  try {
    fmt::memory_buffer text;
    fmt::vformat_to(std::back_inserter(text), format, args);
    write(level, {text.data(), text.size()});
  } catch (...) {  // NOLINT(bugprone-empty-catch)
  }
}

void escaped(std::string_view what) noexcept {
  const bool scarce = is_scarcity();
  BoundedLogger* const logger = bounded();
  const auto held = logger != nullptr ? logger->pass_escaped(scarce) : 0;
  if (!held) return;
  if (scarce)
    warn("out of memory: {} was given up, and {} more since the last such line; all else goes on", what, *held);
  else
    error("{} ended by an exception, which is a bug in tacet: {} (and {} more since the last such line)", what,
          what_is_wrong(), *held);
}

std::optional<std::uint64_t> RateLimit::pass(Instant now) {
  if (!began_ || now - *began_ >= period_) {
    began_ = now;
    passed_ = 0;
  }
  if (passed_ == most_) {
    ++held_;
    return std::nullopt;
  }
  ++passed_;
  return passed_ == 1 ? std::exchange(held_, 0) : 0;
}

std::string library_versions() {
  return fmt::format("spdlog {}.{}.{}, fmt {}.{}.{}", SPDLOG_VER_MAJOR, SPDLOG_VER_MINOR, SPDLOG_VER_PATCH,
                     FMT_VERSION / 10000, FMT_VERSION / 100 % 100, FMT_VERSION % 100);
}

}  // namespace tacet::log
