#include "transport/dial/attempt_pace.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "support/manual_clock.hpp"

using namespace std::chrono_literals;
using namespace tacet;
using Kind = AttemptPace::Kind;

namespace {

struct Line {
  ManualClock clock;
  Scheduler scheduler{clock};
  AttemptPace::Limits limits{};
  AttemptPace pace{scheduler, limits};
  std::vector<std::pair<Duration, int>> made{};  // when since the start, and by whom
  const Instant start = clock.now();

  void pass(Duration time) {
    for (const Instant end = clock.now() + time; clock.now() < end;) {
      clock.advance(10ms);
      scheduler.run_timers(clock.now());
    }
  }
  std::vector<int> who() const {
    std::vector<int> numbers;
    for (const auto& [when, number] : made) numbers.push_back(number);
    return numbers;
  }
  std::vector<Duration> when() const {
    std::vector<Duration> times;
    for (const auto& [at, number] : made) times.push_back(at);
    return times;
  }
  /// The most attempts in any second.
  std::size_t densest() const {
    std::size_t most = 0;
    for (const auto& first : made) {
      const auto in_its_second = [from = first.first](const auto& each) {
        return each.first >= from && each.first < from + 1s;
      };
      most = std::max(most, static_cast<std::size_t>(std::ranges::count_if(made, in_its_second)));
    }
    return most;
  }
};

/// Makes attempts for as long as it lives, as many as it may.
struct Eager final : AttemptPace::PendingAttempt {
  Eager(Line& in, int is) : PendingAttempt(in.pace), line(in), number(is) { go(Kind::first); }
  void on_turn() override {
    if (wants) go(tried ? Kind::further : Kind::first);
  }
  void go(Kind kind) {
    while (pace_.may_begin(*this, kind)) {
      line.made.emplace_back(line.clock.now() - line.start, number);
      pace_.begun();
      tried = true;
      kind = Kind::further;
    }
  }
  Line& line;
  int number;
  bool tried = false, wants = true;
};

}  // namespace

TEST_CASE("attempts over a slow link are further apart, until the network changes") {
  Line line;
  line.pass(10s);  // so that a change of the network counts
  const auto made_in_ten_seconds = [&line] {
    line.made.clear();
    const Eager eager(line, 1);
    line.pass(10s);
    return line.made.size();
  };
  CHECK(made_in_ten_seconds() >= 49);
  line.pace.connected(650ms);  // a satellite
  CHECK(made_in_ten_seconds() >= 49);
  line.pace.connected(1300ms);
  const std::size_t few = made_in_ten_seconds();
  CHECK(few >= 15);
  CHECK(few <= 19);
  line.pace.forget();
  CHECK(made_in_ten_seconds() >= 49);
}

TEST_CASE("In silence attempts are made each 200 ms, by all in turn") {
  Line line;
  const Eager first(line, 1);
  CHECK(line.made.size() == 1);
  line.pass(1s);
  CHECK(line.when() == std::vector<Duration>{0ms, 200ms, 400ms, 600ms, 800ms, 1s});
  line.made.clear();
  const Eager second(line, 2), third(line, 3);
  line.pass(20s);
  CHECK(line.densest() == 5);
  for (const int number : {1, 2, 3}) CHECK(std::ranges::count(line.who(), number) >= 33);
}

TEST_CASE("The first attempt of a newcomer goes ahead of others' further ones") {
  Line line;
  const Eager first(line, 1), second(line, 2);
  line.pass(450ms);
  line.made.clear();
  const Eager third(line, 3);
  line.pass(360ms);
  CHECK(line.who() == std::vector<int>{3, 2});
}

TEST_CASE("Attempts that led to an answer do not count, so that a server that closes behind each can be asked on") {
  Line line;
  std::vector<std::unique_ptr<Eager>> all;
  for (int number = 0; number < 20; ++number) {
    all.push_back(std::make_unique<Eager>(line, number));
    all.back()->wants = false;
    line.pace.answered();
    line.pace.led_to_answer();
    line.pass(10ms);
  }
  CHECK(line.made.size() == 20);
  line.made.clear();
  const Eager barren(line, 20);
  line.pass(5s);
  CHECK(line.densest() == 5);
}

TEST_CASE("What was sent into another network counts no more, however many tell of the change") {
  Line line;
  const Eager first(line, 1), second(line, 2);
  line.pass(1900ms);
  line.made.clear();
  for (int i = 0; i < 4; ++i) line.pace.forget();
  line.pass(0ms);
  line.scheduler.run_timers(line.clock.now());
  CHECK(line.when() == std::vector<Duration>{1900ms});
  line.pass(10ms);
  line.pace.forget();
  line.pass(1s);
  CHECK(line.when() == std::vector<Duration>{1900ms, 2100ms, 2300ms, 2500ms, 2700ms, 2900ms});
}

TEST_CASE("Once an attempt was answered the next need not wait, up to five in a second") {
  Line line;
  std::vector<std::unique_ptr<Eager>> all;
  for (int number = 0; number < 8; ++number) {
    all.push_back(std::make_unique<Eager>(line, number));
    line.pace.answered();
  }
  CHECK(line.made.size() == 5);
  line.pass(5s);
  CHECK(line.densest() == 5);
}

TEST_CASE("Who leaves, or does not use its turn, delays nobody") {
  Line line;
  const Eager first(line, 1);
  auto second = std::make_unique<Eager>(line, 2);
  auto third = std::make_unique<Eager>(line, 3);
  const Eager fourth(line, 4);
  third->wants = false;
  second.reset();
  line.made.clear();
  line.pass(400ms);
  CHECK(line.who() == std::vector<int>{4, 1});
  third.reset();
  line.pass(600ms);
  CHECK(line.who() == std::vector<int>{4, 1, 4, 1, 4});
}

TEST_CASE("It waits without a timer while nobody stands in line") {
  Line line;
  {
    const Eager alone(line, 1);
  }
  CHECK_FALSE(line.scheduler.next_timer());
}

TEST_CASE("A pace without spacing lets all begin at once that may begin in a second, although no peer has answered") {
  Line line{.limits = {.most = 16, .spacing = 0ms}};
  std::vector<std::unique_ptr<Eager>> all;
  for (int number = 0; number < 20; ++number) {
    all.push_back(std::make_unique<Eager>(line, number));
    all.back()->wants = false;
  }
  CHECK(line.made.size() == 16);
  line.pass(5s);
  CHECK(line.densest() == 16);
}
