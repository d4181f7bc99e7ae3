#include "observe/failure_streak.hpp"

#include <doctest/doctest.h>

using namespace std::chrono_literals;

namespace tacet {

TEST_CASE("names of five domains that fail one after the other are a streak, and one answer ends it") {
  FailureStreak streak;
  for (std::uint64_t domain = 1; domain < FailureStreak::enough; ++domain)
    CHECK_FALSE(streak.failed(domain, Instant(1s)));
  CHECK_FALSE(streak.is_on());
  CHECK(streak.failed(99, Instant(2s)));
  CHECK_FALSE(streak.failed(100, Instant(2s)));  // it began before
  CHECK(streak.is_on());
  streak.succeeded(Instant(3s));
  CHECK_FALSE(streak.is_on());
}

TEST_CASE("one broken domain is no streak, however often it is asked for") {
  FailureStreak streak;
  for (int asked = 0; asked < 100; ++asked) streak.failed(7, Instant(1s));
  CHECK_FALSE(streak.is_on());
}

TEST_CASE("the streaks of workers are one, unless one of them had an answer since") {
  FailureStreak one, other;
  for (const std::uint64_t domain : {1U, 2U, 3U}) one.failed(domain, Instant(10s));
  for (const std::uint64_t domain : {3U, 4U, 5U}) other.failed(domain, Instant(11s));
  FailureStreak all;
  all.add(one);
  all.add(other);
  CHECK(all.is_on());
  FailureStreak third;
  third.succeeded(Instant(12s));
  all.add(third);
  CHECK_FALSE(all.is_on());
}

}  // namespace tacet
