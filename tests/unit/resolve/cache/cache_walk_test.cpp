#include <doctest/doctest.h>

#include <random>
#include <set>

#include "resolve/cache/cache_report.hpp"
#include "unit/pool/resolve_fixture.hpp"

using namespace tacet;
using namespace tacet::fixture;

namespace {

constexpr Instant now{24h};

std::string name_of(std::size_t number) { return "n" + std::to_string(number) + ".example"; }

void store(Cache& cache, const Question& asked, std::uint32_t ttl = 300) {
  cache.store({cache.seed(), asked, false, false}, positive(asked, ttl), now);
}

void fill(Cache& cache, std::size_t from, std::size_t to) {
  for (std::size_t i = from; i < to; ++i) store(cache, question(name_of(i)));
}

/// How often each name was met on the whole way; `meanwhile` happens behind every part.
template <class Meanwhile>
std::map<std::string, int> walk_over(const Cache& cache, Meanwhile meanwhile) {
  std::map<std::string, int> met;
  for (CacheWalk walk; !walk.done; meanwhile()) {
    const auto part = cache.next(walk, now);
    CHECK(part.size() <= Cache::walk_slots);
    for (const CacheEntry& entry : part) ++met[entry.name.to_string()];
  }
  return met;
}

}  // namespace

TEST_CASE("A walk meets every answer once, in small parts") {
  for (const std::size_t size : {std::size_t{1} << 20, std::size_t{8} << 20}) {
    Cache cache({.size = size});
    fill(cache, 0, 3000);
    const auto met = walk_over(cache, [] {});
    CHECK(met.size() == 3000);
    CHECK(std::ranges::all_of(met, [](const auto& name) { return name.second == 1; }));
  }
}

TEST_CASE("A walk over nothing ends, also when everything is forgotten under way") {
  Cache none({.size = 0});
  CHECK(walk_over(none, [] {}).empty());
  Cache cache({.size = 8U << 20});
  CHECK(walk_over(cache, [] {}).empty());
  fill(cache, 0, 5000);
  CHECK(walk_over(cache, [&] { cache.clear(); }).size() <= Cache::walk_slots);
}

TEST_CASE("A table that grows under way hides nothing that was there before, and hardly repeats what was met") {
  Cache cache({.size = 1U << 20});
  fill(cache, 0, 1400);
  std::size_t next = 1400;
  const auto met = walk_over(cache, [&] {
    if (next < 1700) fill(cache, next, next + 300), next += 300;  // beyond three quarters of 2048 slots
  });
  std::size_t missing = 0, repeated = 0;
  for (std::size_t i = 0; i < 1400; ++i) {
    const auto found = met.find(name_of(i) + ".");
    missing += found == met.end() ? 1 : 0;
    repeated += found != met.end() && found->second > 1 ? 1 : 0;
  }
  CHECK(missing <= 14);
  CHECK(repeated <= 14);
}

TEST_CASE("What is met tells everything but the records") {
  Cache cache({});
  const Question asked = question("WWW.Example", Type::aaaa);
  cache.store({cache.seed(), asked, true, true}, negative(asked, Rcode::nxdomain, 60), now);
  const auto entry = cache.peek({cache.seed(), asked, true, true}, now + 10s);
  REQUIRE(entry);
  CHECK(entry->name.to_string() == "www.example.");
  CHECK(entry->type == Type::aaaa);
  CHECK(entry->qclass == Class::in);
  CHECK(entry->dnssec_ok);
  CHECK(entry->checking_disabled);
  CHECK(entry->rcode == Rcode::nxdomain);
  CHECK(entry->kind == AnswerKind::nxdomain);
  CHECK(entry->age == 10);
  CHECK(entry->lifetime == 60);
  CHECK(entry->octets > 100);
  CHECK(entry->octets <= cache.statistics().octets);
  CHECK(!cache.peek({cache.seed(), asked, true, false}, now));
}

TEST_CASE("A summary tells fresh from stale and from what is too old, and counts kinds and types") {
  Cache cache({});
  store(cache, question("long.example"), 80000);
  store(cache, question("short.example"), 10);
  const Question gone = question("gone.example", Type::https);
  cache.store({cache.seed(), gone, true, false}, negative(gone, Rcode::nxdomain, 10), now);
  const auto at = [&](Duration later) {
    CacheSummary summary;
    for (CacheWalk walk; !walk.done;)
      for (const CacheEntry& entry : cache.next(walk, now + later)) summary.add(entry);
    return summary;
  };
  const CacheSummary early = at(5s), later = at(1h), last = at(25h);
  CHECK(early.fresh == 3);
  CHECK(early.oldest == 5);
  CHECK(early.by_kind[static_cast<std::size_t>(AnswerKind::positive)] == 2);
  CHECK(early.by_kind[static_cast<std::size_t>(AnswerKind::nxdomain)] == 1);
  CHECK(early.by_type == std::map<Type, std::uint64_t>{{Type::a, 2}, {Type::https, 1}});
  CHECK(early.dnssec_ok == 1);
  CHECK((later.fresh == 1 && later.stale == 2 && later.expired == 0));
  CHECK((last.fresh == 0 && last.stale == 1 && last.expired == 2));
}

TEST_CASE(
    "A removal goes on in small parts, and nothing that was there outlives it, whatever comes and goes meanwhile") {
  std::mt19937 random(7);
  for (const std::size_t names : {500U, 3000U, 9000U}) {
    Cache cache({.size = 2U << 20});
    const auto store_below = [&](const std::string& zone, std::size_t number) {
      store(cache, question("n" + std::to_string(number) + "." + zone + ".example"));
    };
    for (std::size_t i = 0; i < names; ++i) store_below(i % 3 == 0 ? "gone" : "stays", i);
    std::set<std::string> before;
    for (const auto& [name, times] : walk_over(cache, [] {}))
      if (name.ends_with(".gone.example.")) before.insert(name);
    std::size_t removed = 0, parts = 0, fresh = names;
    for (CacheSweep sweep; !sweep.done; ++parts) {
      const std::size_t part = cache.remove(sweep, question("gone.example").name, Cache::Reach::with_descendants);
      CHECK(part <= 2 * Cache::walk_slots);
      removed += part;
      // Others store, which evicts and makes the table grow; and forget, which closes gaps.
      for (int i = 0; i < 60; ++i) store_below("new", fresh++);
      for (int i = 0; i < 20; ++i)
        cache.remove(question("n" + std::to_string(random() % names) + ".stays.example").name, Cache::Reach::name_only);
    }
    for (const auto& [name, times] : walk_over(cache, [] {})) CHECK(!before.contains(name));
    CHECK(removed <= before.size());
    CHECK(parts >= names / (4 * Cache::walk_slots));
    const CacheStatistics kept = cache.statistics();
    CHECK(kept.octets <= kept.budget);
  }
}

TEST_CASE("A smaller size evicts the least recently used in parts, and applies in the end") {
  Cache cache({.size = 1U << 20});
  fill(cache, 0, 4000);
  const std::size_t before = cache.statistics().entries;
  cache.set_config({.size = 256U << 10});
  const CacheStatistics kept = cache.statistics();
  CHECK(kept.budget == 256U << 10);
  CHECK(kept.octets <= kept.budget);
  CHECK(kept.entries > 500);
  CHECK(kept.entries < before - 2 * Cache::walk_slots);
  const auto met = walk_over(cache, [] {});
  CHECK(met.contains(name_of(3999) + "."));
  CHECK(!met.contains(name_of(before - kept.entries - 100) + "."));
}
