#include "cli/live_line.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <iostream>
#include <system_error>
#include <utility>

#include "base/signals.hpp"
#include "cli/terminal.hpp"

namespace tacet {

LiveLine::LiveLine(std::string words) : words_(std::move(words)) {
  if (!moves_cursor(STDERR_FILENO)) return;
  try {
    thread_ = std::thread([this] { show(); });
  } catch (const std::system_error&) {  // the work goes on without the line
  }
}

LiveLine::~LiveLine() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
  }
  ended_.notify_one();
  thread_.join();
}

void LiveLine::show() {
  block_signals();
  const auto begun = std::chrono::steady_clock::now();
  std::unique_lock lock(mutex_);
  int seconds = 0;
  while (!ended_.wait_until(lock, begun + std::chrono::seconds(seconds + 1), [this] { return over_; }))
    std::cerr << fmt::format("\r{}, {} s\x1b[K", words_, ++seconds) << std::flush;
  if (seconds > 0) std::cerr << "\r\x1b[K" << std::flush;
}

}  // namespace tacet
