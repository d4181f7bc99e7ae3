#include "resolve/followers.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

using namespace tacet;
using namespace std::chrono_literals;

namespace {

using Hashes = std::vector<std::uint64_t>;

/// A client that loads pages, and what is learned from it. Names and questions are numbers.
struct Reader {
  /// Asks for the page's first name, and for the others 100 ms later; then a minute passes. True if the name led.
  bool load(std::uint64_t first, const Hashes& others, Duration pause = std::chrono::minutes(1)) {
    const bool leads = ask(first);
    now += std::chrono::milliseconds(100);
    for (const std::uint64_t each : others) ask(each);
    now += pause;
    return leads;
  }
  bool ask(std::uint64_t name) { return followers.wants(now) && followers.note(name, name, now); }
  Hashes likely(std::uint64_t first) const {
    Hashes found = followers.likely(first, now);
    std::ranges::sort(found);
    return found;
  }

  Followers followers;
  Instant now{std::chrono::hours(1)};
};

}  // namespace

TEST_CASE("What came behind a name once is likely to come again") {
  Reader reader;
  CHECK(reader.load(1, {10, 11, 12}));
  CHECK(reader.load(2, {20}));
  CHECK(reader.likely(1) == Hashes{10, 11, 12});
  reader.load(3, {});
  CHECK(reader.likely(2) == Hashes{20});
  CHECK(reader.likely(4).empty());
}

TEST_CASE("A follower that does not come any more stops being likely, and one that comes mostly stays so") {
  Reader reader;
  reader.load(1, {10, 11});
  reader.load(1, {10});
  reader.load(2, {});
  CHECK(reader.likely(1) == Hashes{10});
  for (int i = 0; i < 3; ++i) reader.load(1, {10, 11});
  reader.load(1, {10});
  reader.load(2, {});
  CHECK(reader.likely(1) == Hashes{10, 11});
}

TEST_CASE("A follower comes within a second, and not together with the first name") {
  Reader reader;
  reader.ask(1);
  reader.now += 5ms;
  reader.ask(10);
  reader.now += 900ms;
  reader.ask(11);
  reader.now += 100ms;
  reader.ask(12);
  reader.now += 1min;
  reader.load(2, {});
  CHECK(reader.likely(1) == Hashes{11});
}

TEST_CASE("A name leads only after a silence") {
  Reader reader;
  CHECK(reader.ask(1));
  reader.now += 399ms;
  CHECK_FALSE(reader.ask(2));
  reader.now += 400ms;
  CHECK(reader.ask(3));
}

TEST_CASE("Windows overlap, and each learns what came in its own second") {
  Reader reader;
  reader.ask(1);
  reader.now += 500ms;
  reader.ask(2);
  reader.now += 400ms;
  reader.ask(3);
  reader.now += 300ms;
  reader.ask(4);
  reader.now += 1min;
  reader.load(9, {});
  CHECK(reader.likely(1) == Hashes{2, 3});
  CHECK(reader.likely(2) == Hashes{3, 4});
  CHECK(reader.likely(3) == Hashes{4});
}

TEST_CASE("A steady stream of questions teaches little and costs nothing") {
  Reader reader;
  int noted = 0;
  for (std::uint64_t i = 0; i < 100000; ++i, reader.now += 100us) {
    if (!reader.followers.wants(reader.now)) continue;
    reader.followers.note(i, i, reader.now);
    ++noted;
  }
  CHECK(noted <= 256);
  reader.now += 1min;
  reader.load(1, {});
  CHECK(reader.likely(0).size() <= Followers::most_followers);
}

TEST_CASE("What was learned lasts for a day, and ends when it is cleared") {
  Reader reader;
  reader.load(1, {10}, 23h);
  reader.load(2, {20});
  CHECK(reader.likely(1) == Hashes{10});
  reader.now += 1h;
  CHECK(reader.likely(1).empty());
  reader.followers.clear();
  CHECK(reader.likely(2).empty());
}

TEST_CASE("The leader that has not led for longest makes room") {
  Reader reader;
  for (std::uint64_t i = 1; i <= Followers::most_leaders + 1; ++i) reader.load(i, {1000 + i});
  reader.load(5000, {});
  CHECK(reader.likely(1).empty());
  CHECK(reader.likely(2) == Hashes{1002});
  CHECK(reader.likely(Followers::most_leaders + 1).size() == 1);
}

TEST_CASE("A page of more names than there is room for keeps the first ones") {
  Reader reader;
  Hashes many(500);
  std::ranges::generate(many, [next = std::uint64_t{100}]() mutable { return next++; });
  for (int i = 0; i < 3; ++i) reader.load(1, many);
  reader.load(2, {});
  CHECK(reader.likely(1).size() == Followers::most_followers);
}
