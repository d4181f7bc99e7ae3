// The room that a cache takes, and what goes first.
#include <doctest/doctest.h>

#include <random>

#include "cache_fixture.hpp"

using namespace tacet;
using namespace tacet::fixture;

TEST_CASE("The budget holds after every one of many random stores, and the table's growth counts") {
  std::mt19937 random(7);
  for (const std::size_t size : {std::size_t{900}, std::size_t{2000}, std::size_t{9973}, std::size_t{100000},
                                 std::size_t{1} << 20, std::size_t{5} << 20}) {
    CAPTURE(size);
    Kept kept({.size = size});
    for (int i = 0; i < 12000; ++i) {
      const std::string name = "n" + std::to_string(random() % 20000) + ".example";
      AnswerImage image = positive(question(name), 1 + static_cast<std::uint32_t>(random() % 1000));
      if (random() % 50 == 0) image.wire.resize(image.wire.size() + random() % 4000);
      kept.cache.store(kept.key(name), image, kept.now);
      kept.now += std::chrono::milliseconds(random() % 100);
      if (i % 7 == 0) kept.find(name);
      const CacheStatistics statistics = kept.cache.statistics();
      if (statistics.octets > statistics.budget || statistics.budget > size)
        FAIL("octets ", statistics.octets, " of ", statistics.budget, " after ", i);
    }
    CHECK(kept.cache.statistics().entries > 0);
    CHECK(kept.cache.statistics().stored <= 12000);
  }
}

TEST_CASE("A growing table does not drive out what there is room for") {
  Kept kept({.size = 1 << 20});
  for (int i = 0; kept.cache.statistics().evicted == 0; ++i) kept.store("n" + std::to_string(i) + ".example");
  const auto statistics = kept.cache.statistics();
  CHECK(statistics.octets > statistics.budget * 85 / 100);
}

TEST_CASE("An entry costs at most 160 octets beyond its wire image, at any fill of the table") {
  Kept kept;
  std::size_t wire = 0;
  for (int i = 0; i < 25000; ++i) {
    const std::string name = "n" + std::to_string(i) + ".example";
    wire += positive(question(name), 300).wire.size();
    kept.store(name);
    const auto statistics = kept.cache.statistics();
    if (i > 1000 && statistics.octets - wire > Cache::overhead_limit * statistics.entries)
      FAIL((statistics.octets - wire), " octets for ", statistics.entries);
  }
  REQUIRE(kept.cache.statistics().evicted == 0);
}

TEST_CASE("A cache of no size keeps nothing and takes nothing") {
  for (const std::size_t size : {0U, 1U, 100U, 500U}) {
    Kept kept({.size = size});
    kept.store("a.example");
    CHECK(!kept.find("a.example"));
    CHECK(kept.cache.remove(question("a.example").name, Cache::Reach::name_only) == 0);
    CHECK(kept.cache.clear() == 0);
    CHECK(kept.cache.statistics().octets == 0);
  }
}

TEST_CASE("An answer larger than the budget is not kept and drives nothing out") {
  Kept kept({.size = 4000});
  kept.store("small.example");
  AnswerImage large = positive(question("large.example"), 300);
  large.wire.resize(5000);
  kept.cache.store(kept.key("large.example"), large, kept.now);
  CHECK(!kept.find("large.example"));
  CHECK(kept.find("small.example"));
}

TEST_CASE("The least recently used goes first") {
  Kept kept({.size = 20000});
  kept.store("first.example");
  int stored = 0;
  while (kept.cache.statistics().evicted == 0) {
    kept.now += 1s;
    CHECK(kept.find("first.example"));
    kept.now += 1s;
    kept.store("n" + std::to_string(stored++) + ".example");
  }
  CHECK(kept.find("first.example"));
  CHECK(!kept.find("n0.example"));
  CHECK(kept.find("n1.example"));
}

TEST_CASE("Uses within one second are one use for the order, and the order survives them") {
  Kept kept({.size = 20000});
  for (int i = 0; i < 20; ++i) kept.store("n" + std::to_string(i) + ".example");
  for (int round = 0; round < 3; ++round)
    for (int i = 19; i >= 0; --i) kept.find("n" + std::to_string(i) + ".example");
  kept.now += 1s;
  for (int i = 0; i < 20; i += 2) kept.find("n" + std::to_string(i) + ".example");
  std::size_t stored = 0;
  while (kept.cache.statistics().evicted < 10) kept.store("m" + std::to_string(stored++) + ".example");
  for (int i = 0; i < 20; ++i) CHECK(kept.find("n" + std::to_string(i) + ".example").has_value() == (i % 2 == 0));
}

TEST_CASE("A smaller size keeps the latest used that have room, table included; a larger one keeps all") {
  Kept kept({.size = 8 << 20});
  constexpr int stored = 20000;
  const auto name = [](int i) { return "n" + std::to_string(i) + ".example"; };
  for (int i = 0; i < stored; ++i) kept.store(name(i));
  REQUIRE(kept.cache.statistics().entries == stored);
  for (const std::size_t size : {std::size_t{2} << 20, std::size_t{256} << 10, std::size_t{64} << 10}) {
    CAPTURE(size);
    const auto before = kept.cache.statistics();
    kept.cache.set_config({.size = size});
    const auto after = kept.cache.statistics();
    CHECK(after.octets <= size);
    CHECK(after.octets > size / 2);  // no more was forgotten than had to be
    CHECK(after.budget <= size);
    CHECK(after.evicted - before.evicted == before.entries - after.entries);
    CHECK(kept.find(name(stored - 1)));
    CHECK(!kept.find(name(0)));
    kept.store("new.example");
    CHECK(kept.find("new.example"));
    CHECK(kept.cache.statistics().octets <= size);
  }
  const auto small = kept.cache.statistics();
  kept.cache.set_config({.size = 8 << 20});
  CHECK(kept.cache.statistics().entries == small.entries);
  for (int i = 0; i < stored; ++i) kept.store(name(i));
  CHECK(kept.cache.statistics().evicted == small.evicted);
  for (int i = 0; i < stored; ++i) REQUIRE(kept.find(name(i)));
}
