#include "resolve/failures.hpp"

#include <doctest/doctest.h>

#include "unit/pool/resolve_fixture.hpp"

using namespace tacet;
using namespace tacet::fixture;

namespace {

const HashSeed seed{1, 2};
const Instant start{24h};

CacheKey key(std::string_view name) { return {seed, question(name), false, false}; }
FetchResult own_failure() { return std::make_shared<const Result<Fetched>>(fail(Fault::timeout, "late")); }
FetchResult upstream_failure() { return std::make_shared<const Result<Fetched>>(Fetched{}); }

}  // namespace

TEST_CASE("A failure of our own connections is remembered for a second, an upstream's for three") {
  Failures failures;
  failures.remember(key("own.example"), own_failure(), start);
  failures.remember(key("theirs.example"), upstream_failure(), start);
  CHECK(failures.recall(key("own.example"), start + 999ms));
  CHECK(!failures.recall(key("own.example"), start + 1s));
  CHECK(failures.recall(key("theirs.example"), start + 2999ms));
  CHECK(!failures.recall(key("theirs.example"), start + 3s));
  CHECK(failures.size() == 0);
}

TEST_CASE("Another question has not failed") {
  Failures failures;
  failures.remember(key("own.example"), own_failure(), start);
  CHECK(!failures.recall(key("other.example"), start));
  CHECK(!failures.recall(CacheKey(seed, question("own.example"), true, false), start));
}

TEST_CASE("When an upstream answers again, only our own failures are forgotten") {
  Failures failures;
  failures.remember(key("own.example"), own_failure(), start);
  failures.remember(key("theirs.example"), upstream_failure(), start);
  failures.forget_own();
  CHECK(!failures.recall(key("own.example"), start));
  CHECK(failures.recall(key("theirs.example"), start));
  failures.remember(key("own.example"), own_failure(), start);
  failures.forget_own();
  CHECK(!failures.recall(key("own.example"), start));
}

TEST_CASE("However many names fail, few are remembered") {
  Failures failures;
  for (int i = 0; i < 100000; ++i) failures.remember(key(std::to_string(i) + ".example"), own_failure(), start);
  CHECK(failures.size() <= 1024);
  CHECK(failures.recall(key("99999.example"), start));
}
