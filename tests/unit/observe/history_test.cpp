#include "observe/history.hpp"

#include <doctest/doctest.h>

#include "tacet/message.hpp"

using namespace std::chrono_literals;

namespace tacet {
namespace {

constexpr Instant start{100s};

Metrics with_answers(std::uint64_t cache, std::uint64_t upstream) {
  Metrics totals;
  totals.answers = {0, cache, 0, upstream, 0};
  return totals;
}

}  // namespace

TEST_CASE("a minute holds what came after the one before, and the last one is still running") {
  History history(start);
  history.note(with_answers(5, 1), start + 60s);
  history.note(with_answers(5, 4), start + 120s);
  const auto minutes = history.minutes(with_answers(9, 4), start + 130s, History::most_minutes);
  REQUIRE(minutes.size() == 3);
  CHECK(minutes[0].cache == 5);
  CHECK(minutes[0].questions() == 6);
  CHECK(minutes[0].seconds == doctest::Approx(60));
  CHECK(minutes[1].cache == 0);
  CHECK(minutes[1].upstream == 3);
  CHECK(minutes[1].end == start + 120s);
  CHECK(minutes[2].cache == 4);
  CHECK(minutes[2].seconds == doctest::Approx(10));
}

TEST_CASE("an upstream's answer that ends as SERVFAIL is a failure, and is counted once") {
  History history(start);
  Metrics totals = with_answers(2, 5);
  totals.answers[static_cast<std::size_t>(Source::failure)] = 1;
  totals.rcodes[static_cast<std::size_t>(Rcode::servfail)] = 4;
  const auto minute = history.minutes(totals, start + 10s, 1).front();
  CHECK(minute.upstream == 2);
  CHECK(minute.failure == 4);
  CHECK(minute.questions() == 8);
}

TEST_CASE("only the last minutes are told if few are asked for") {
  History history(start);
  for (int minute = 1; minute <= 5; ++minute) history.note(with_answers(0, 0), start + minute * 60s);
  CHECK(history.minutes({}, start + 310s, 3).size() == 3);
  CHECK(history.minutes({}, start + 310s, 3).front().end == start + 240s);
  CHECK(history.minutes({}, start + 310s, 0).empty());
}

TEST_CASE("a day is kept, and no more than a day") {
  History history(start);
  std::uint64_t total = 0;
  Instant now = start;
  for (int minute = 0; minute < 3000; ++minute) history.note(with_answers(++total, 0), now += 60s);
  const auto minutes = history.minutes(with_answers(total, 0), now + 30s, 10000);
  CHECK(minutes.size() == History::most_minutes);
  CHECK(minutes.front().end > now - 24h);
  for (std::size_t i = 0; i + 1 < minutes.size(); ++i) {
    CHECK(minutes[i].cache == 1);
    CHECK(minutes[i].end < minutes[i + 1].end);
  }
}

TEST_CASE("what came before a long sleep goes once it is a day old, and the sleep is one long minute") {
  History history(start);
  history.note(with_answers(1, 0), start + 60s);
  history.note(with_answers(2, 0), start + 60s + 23h);
  CHECK(history.minutes({}, start + 60s + 23h + 10s, 10).size() == 3);
  const auto later = history.minutes(with_answers(2, 0), start + 60s + 25h, 10);
  REQUIRE(later.size() == 2);
  CHECK(later[0].seconds == doctest::Approx(23 * 3600));
}

TEST_CASE("a minute is due once it is over") {
  History history(start);
  CHECK_FALSE(history.is_due(start + 15s));
  CHECK(history.is_due(start + 60s));
  history.note({}, start + 60s);
  CHECK_FALSE(history.is_due(start + 75s));
}

TEST_CASE("the times of a minute are those of its own answers") {
  History history(start);
  Metrics totals;
  totals.waited_time.observe(2s, 100);
  history.note(totals, start + 60s);
  totals.waited_time.observe(30ms, 100);
  const auto minutes = history.minutes(totals, start + 70s, 2);
  REQUIRE(minutes.size() == 2);
  CHECK(minutes[0].waited_p50 > 1.0F);
  CHECK(minutes[1].waited_p50 > 0.025F);
  CHECK(minutes[1].waited_p99 <= 0.05F);
  CHECK(minutes[1].waited_p50 < minutes[1].waited_p99);
  CHECK(History(start).minutes({}, start, 1).front().waited_p50 == 0);
}

}  // namespace tacet
