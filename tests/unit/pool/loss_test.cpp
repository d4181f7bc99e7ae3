// What the tail looks like where packets get lost: the bars of the fault matrix, over so many queries that chance has
// no say, on connections that recover as TCP does.
#include <doctest/doctest.h>

#include <algorithm>
#include <deque>
#include <string>

#include "pool/pool.hpp"
#include "support/lossy_lane.hpp"
#include "unit/pool/upstream_fixture.hpp"

using namespace tacet;
using namespace tacet::fixture;

namespace {

constexpr Duration round_trip = 20ms;

struct Road : World {
  explicit Road(double loss, Duration pause = {}, Duration there_and_back = round_trip, Duration least_wait = 200ms)
      : path(scheduler, later, random, there_and_back / 2, loss, pause) {
    path.least_wait = least_wait;
    std::vector<UpstreamOperator> operators(1);
    UpstreamService& service = operators[0].services.emplace_back();
    for (int i = 0; i < 4; ++i)
      service.channels.push_back(std::make_unique<LossyLane>(
          path, "channel " + std::to_string(i), [this](const Message& query) { return upstream_time(query); }));
    pool = std::make_unique<Pool>(scheduler, tasks, metrics, std::move(operators));
  }

  Duration upstream_time(const Message& query) {
    std::uniform_int_distribution<int> slow(150, 800), usual(200, 800);
    const bool is_slow = query.question().name.to_string().ends_with("slow.example.");
    return is_slow ? Duration(std::chrono::milliseconds(slow(random)))
                   : Duration(std::chrono::microseconds(usual(random)));
  }

  Task<void> asking(std::string name, std::vector<Duration>& into) {
    const Message query = upstream_query(question(name), false, false);
    const Instant begun = clock.now();
    const Result<Response> answer = co_await pool->exchange(query, begun + 4500ms);
    into.push_back(answer ? clock.now() - begun : 10s);
  }

  /// Asks `count` names at a steady rate, of which each `slow_each`-th is slow upstream.
  void run(int count, Duration interval, int slow_each) {
    for (int i = 0; i < count; ++i) {
      const bool slow = slow_each != 0 && i % slow_each == slow_each - 1;
      const std::string name = "n" + std::to_string(i) + (slow ? ".slow.example" : ".fast.example");
      tasks.spawn(asking(name, slow ? slow_times : times));
      pass(interval);
    }
    pass(5s);
  }

  double percentile(double share) {
    std::ranges::sort(times);
    const auto at = static_cast<std::size_t>(share * static_cast<double>(times.size()));
    return std::chrono::duration<double>(times[at]) / (2 * path.one_way);
  }
  double extra() const { return share(metrics.hedges_sent); }
  double in_vain() const { return share(metrics.hedges_sent - metrics.hedges_won); }
  double share(std::uint64_t copies) const {
    return static_cast<double>(copies) / static_cast<double>(times.size() + slow_times.size());
  }

  std::mt19937 random{7};
  Later later{scheduler};
  LossyPath path;
  Metrics metrics;
  std::vector<Duration> times, slow_times;
  std::unique_ptr<Pool> pool;
  TaskGroup tasks;
};

/// The figures, for the message of a check that fails.
std::string told(Road& road) {
  std::string text;
  for (const double share : {0.5, 0.9, 0.99, 0.999, 0.9999})
    text += "p" + std::to_string(100 * share) + " " + std::to_string(road.percentile(share)) + " RTT, ";
  const Metrics& counted = road.metrics;
  return text + std::to_string(counted.hedges_sent) + " hedges, " + std::to_string(counted.hedges_won) + " won, " +
         std::to_string(counted.hedges_denied) + " denied";
}

}  // namespace

TEST_CASE("At 100 queries a second and one percent of loss each way the tail is two round trips") {
  Road road(0.01);
  road.run(100000, 10ms, 0);
  INFO(told(road));
  CHECK(road.percentile(0.99) <= 2.2);
  CHECK(road.percentile(0.999) <= 3.0);
  CHECK(road.extra() <= 0.05);
}

TEST_CASE(
    "At 10 queries a second and two percent of loss each way one in a thousand waits longer than a few round trips") {
  Road road(0.02);
  road.run(100000, 100ms, 0);
  INFO(told(road));
  CHECK(road.percentile(0.99) <= 3.0);
  CHECK(road.percentile(0.999) <= 5.0);
  CHECK(road.extra() <= 0.05);
}

TEST_CASE("Names that take long upstream leave the budget to those that are lost") {
  for (const double loss : {0.0, 0.01}) {
    Road road(loss);
    road.run(100000, 10ms, 12);
    INFO(told(road));
    CHECK(road.percentile(0.99) <= 2.5);
    CHECK(road.extra() <= 0.05);
  }
}

TEST_CASE("Where everything is late now and then, the budget is still there for what is lost") {
  Road busy(0.01, 10ms);
  busy.run(100000, 10ms, 12);
  INFO(told(busy));
  CHECK(busy.percentile(0.99) <= 2.5);
  CHECK(busy.percentile(0.999) <= 3.0);
  CHECK(busy.in_vain() <= 0.051);
  CHECK(busy.extra() <= 0.102);
  Road quiet(0.02, 10ms);
  quiet.run(100000, 100ms, 0);
  INFO(told(quiet));
  CHECK(quiet.percentile(0.99) <= 3.0);
  CHECK(quiet.percentile(0.999) <= 5.0);
  CHECK(quiet.in_vain() <= 0.051);
  CHECK(quiet.extra() <= 0.102);
}

TEST_CASE("Jitter that lets packets overtake each other costs no more than itself, and empties the budget once") {
  for (const Duration interval : {10ms, 100ms}) {
    Road road(0.0, {}, 80ms);
    road.path.jitter = 30ms;
    road.run(10000, interval, 0);
    INFO(told(road));
    CHECK(road.percentile(0.99) <= 2.5 + 30.0 / 80);
    CHECK(road.extra() <= 0.056);  // the burst of the beginning among them
  }
}

TEST_CASE("At five percent of loss each way the copies in vain stay within a twentieth, and all within a tenth") {
  struct Row {
    Duration interval, least_wait;
    double p99;
  };
  for (const Row& row : {Row{10ms, 200ms, 5}, {100ms, 200ms, 9}, {10ms, 12ms, 4.5}, {100ms, 12ms, 2.5}}) {
    Road road(0.05, {}, 30ms, row.least_wait);
    road.run(10000, row.interval, 0);
    INFO(told(road));
    CHECK(road.percentile(0.99) <= row.p99);
    CHECK(road.in_vain() <= 0.055);  // the burst of the beginning among them
    CHECK(road.extra() <= 0.105);
  }
}
