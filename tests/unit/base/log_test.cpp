#include "base/log.hpp"

#include <doctest/doctest.h>

using namespace tacet;
using namespace std::chrono_literals;

TEST_CASE("A gate may let several through a period, and tells once how many were too many") {
  log::RateLimit gate(1min, 3);
  const Instant start{24h};
  for (int i = 0; i < 3; ++i) CHECK(gate.pass(start + std::chrono::seconds(i)) == 0U);
  for (int i = 3; i < 10; ++i) CHECK(!gate.pass(start + std::chrono::seconds(i)));
  CHECK(gate.pass(start + 60s) == 7U);
  CHECK(gate.pass(start + 61s) == 0U);
  CHECK(gate.pass(start + 62s) == 0U);
  CHECK(!gate.pass(start + 63s));
}

TEST_CASE("A level has one word, and only that") {
  for (const auto level : {LogLevel::debug, LogLevel::info, LogLevel::warn, LogLevel::error})
    CHECK(log::level_from_text(log::to_string(level)) == level);
  for (const auto* word : {"", "Info", "warning", "trace"}) CHECK(!log::level_from_text(word));
}

TEST_CASE("The level can be changed while running") {
  log::start(LogLevel::info);
  for (const auto level : {LogLevel::debug, LogLevel::error, LogLevel::warn}) {
    log::set_level(level);
    CHECK(log::level() == level);
    CHECK(log::enabled(level));
    CHECK(log::enabled(LogLevel::debug) == (level == LogLevel::debug));
  }
}
