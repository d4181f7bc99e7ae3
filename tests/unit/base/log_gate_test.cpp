#include "base/log_gate.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <thread>

#include "base/log.hpp"

using namespace tacet;
using namespace std::chrono_literals;

TEST_CASE_TEMPLATE("A gate lets the first event through, holds the rest of a minute back, and tells how many they were",
                   Limiter, log::Gate, log::RateLimit) {
  Limiter gate;
  const Instant start{24h};
  CHECK(gate.pass(start) == 0U);
  for (int i = 1; i <= 59; ++i) CHECK(!gate.pass(start + std::chrono::seconds(i)));
  CHECK(gate.pass(start + 60s) == 59U);
  CHECK(!gate.pass(start + 119s));
  CHECK(gate.pass(start + 10min) == 1U);
  CHECK(gate.pass(start + 20min) == 0U);
}

TEST_CASE_TEMPLATE("A gate is open at the time zero, too", Limiter, log::Gate, log::RateLimit) {
  Limiter gate;
  CHECK(gate.pass(Instant{}) == 0U);
  CHECK(!gate.pass(Instant{}));
}

TEST_CASE(
    "Of all the threads that come to a shared gate in one minute, one passes, and the next minute knows of the rest") {
  constexpr int events = 10000;
  log::Gate gate;
  std::array<int, 4> passed{};
  {
    std::array<std::jthread, passed.size()> threads;
    for (std::size_t i = 0; i < threads.size(); ++i)
      threads[i] = std::jthread([&gate, &mine = passed[i]] {
        for (int event = 0; event < events; ++event) mine += gate.pass(Instant(1s)) ? 1 : 0;
      });
  }
  CHECK(passed[0] + passed[1] + passed[2] + passed[3] == 1);
  CHECK(gate.pass(Instant(61s)) == events * passed.size() - 1);
}
