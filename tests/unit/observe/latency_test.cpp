#include "observe/latency.hpp"

#include <doctest/doctest.h>

using namespace tacet;
using namespace std::chrono_literals;

TEST_CASE("Without samples every percentile is zero, with one it is that sample") {
  Latency latency;
  for (const double share : {0.0, 0.5, 0.99, 1.0}) CHECK(latency.percentile(share) == 0ms);
  latency.sample(7ms);
  for (const double share : {0.0, 0.5, 0.99, 1.0}) CHECK(latency.percentile(share) == 7ms);
}

TEST_CASE("A percentile is a time that such a share of the samples did not exceed, and no larger than needed") {
  Latency latency;
  for (int i = 100; i >= 1; --i) latency.sample(std::chrono::milliseconds(i));
  for (const auto& [share, least] : {std::pair{0.0, 1ms}, {0.5, 50ms}, {0.95, 95ms}, {0.99, 99ms}, {1.0, 100ms}}) {
    CHECK(latency.percentile(share) >= least);
    CHECK(latency.percentile(share) <= least + 1ms);
  }
}

TEST_CASE("Asking for a percentile does not disturb the window") {
  Latency latency;
  for (int i = 0; i < 200; ++i) {
    latency.sample(i % 2 == 0 ? 10ms : 30ms);
    (void)latency.percentile(0.9);
  }
  CHECK(latency.count() == Latency::window);
  CHECK(latency.percentile(0.25) == 10ms);
  CHECK(latency.percentile(0.75) == 30ms);
}

TEST_CASE("What is older than the window fades") {
  Latency latency;
  for (std::size_t i = 0; i < Latency::window; ++i) latency.sample(1s);
  CHECK(latency.percentile(0.5) == 1s);
  for (std::size_t i = 0; i < Latency::window; ++i) latency.sample(1ms);
  CHECK(latency.percentile(1.0) == 1ms);
  latency.clear();
  CHECK(latency.count() == 0);
  CHECK(latency.percentile(0.5) == 0ms);
}
