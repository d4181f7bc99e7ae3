#include "transport/connection_quota.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace tacet;
using std::chrono::seconds;

namespace {

struct End {
  std::size_t answers, left;
};

/// What is known after connections ended in this order.
std::optional<std::size_t> known_after(const std::vector<End>& ends) {
  ConnectionQuota quota;
  for (const End& end : ends) quota.ended(end.answers, end.left, Instant(seconds(1)));
  return quota.known(Instant(seconds(1)));
}

}  // namespace

TEST_CASE("two ends in a row behind the same number of answers, with queries left over, show a quota") {
  CHECK_FALSE(known_after({}));
  CHECK_FALSE(known_after({{1, 9}}));
  CHECK(known_after({{1, 9}, {1, 8}}) == 1);
  CHECK(known_after({{10, 9}, {10, 1}}) == 10);
  CHECK(known_after({{3, 9}, {2, 9}, {2, 9}}) == 2);
}

TEST_CASE("other ends show none") {
  CHECK_FALSE(known_after({{3, 9}, {4, 9}}));    // a name that ends connections, or restarts
  CHECK_FALSE(known_after({{5, 0}, {5, 0}}));    // idle connections
  CHECK_FALSE(known_after({{0, 9}, {0, 9}}));    // a server that answers nobody
  CHECK_FALSE(known_after({{33, 9}, {33, 9}}));  // enough for one connection after the other
}

TEST_CASE("a quota is told of once, is forgotten after a while, and can be forgotten at once") {
  ConnectionQuota quota;
  const Instant now(seconds(100));
  CHECK_FALSE(quota.ended(2, 1, now));
  CHECK(quota.ended(2, 1, now));
  CHECK_FALSE(quota.ended(2, 1, now + seconds(10)));
  CHECK(quota.known(now + seconds(10) + ConnectionQuota::kept - seconds(1)) == 2);
  CHECK_FALSE(quota.known(now + seconds(10) + ConnectionQuota::kept));
  quota.forget();
  CHECK_FALSE(quota.known(now + seconds(10)));
  CHECK_FALSE(quota.ended(2, 1, now));
  CHECK_FALSE(quota.ended(2, 1, now));
  CHECK(quota.known(now) == 2);
}
