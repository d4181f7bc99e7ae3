#include "resolve/cache/cache_report.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "unit/pool/resolve_fixture.hpp"

using namespace tacet;
using namespace tacet::fixture;

namespace {

constexpr Instant now{24h};

void store(Cache& cache, const Question& asked) {
  cache.store({cache.seed(), asked, false, false}, positive(asked, 300), now);
}

CacheScope scope_of(const char* name, Cache::Reach reach) { return {Name::from_text(name).value(), reach}; }

}  // namespace

TEST_CASE("A report on everything counts all answers and lists none") {
  Cache cache({});
  for (const char* name : {"a.example", "b.example", "c.example"}) store(cache, question(name));
  std::size_t pauses = 0;
  const CacheReport report = look_into(cache, {}, now, [&pauses] { ++pauses; });
  CHECK(report.summary.fresh == 3);
  CHECK(report.statistics.entries == 3);
  CHECK_FALSE(report.lists);
  CHECK(report.entries.empty());
  CHECK(pauses > 1);
}

TEST_CASE("A report on a name, or on a name and all below it, lists what it counts by name and type") {
  Cache cache({});
  for (const char* name : {"www.example", "example", "a.www.example", "wwww.example"}) store(cache, question(name));
  store(cache, question("www.example", Type::aaaa));
  const auto listed = [&](const CacheScope& scope) {
    const CacheReport report = look_into(cache, scope, now, [] {});
    CHECK(report.lists);
    CHECK(report.summary.fresh == report.entries.size());
    std::vector<std::string> texts;
    for (const CacheEntry& entry : report.entries) texts.push_back(entry.name.to_string() + to_string(entry.type));
    return texts;
  };
  using Texts = std::vector<std::string>;
  CHECK(listed(scope_of("www.example", Cache::Reach::name_only)) == Texts{"www.example.A", "www.example.AAAA"});
  CHECK(listed(scope_of("www.example", Cache::Reach::with_descendants)) ==
        Texts{"a.www.example.A", "www.example.A", "www.example.AAAA"});
  CHECK(listed(scope_of("other.example", Cache::Reach::with_descendants)).empty());
}

TEST_CASE("A report lists so many answers at most, and counts all") {
  Cache cache({});
  for (std::size_t i = 0; i <= CacheReport::most_entries; ++i)
    store(cache, question("n" + std::to_string(i) + ".example"));
  const CacheReport report = look_into(cache, scope_of("example", Cache::Reach::with_descendants), now, [] {});
  CHECK(report.entries.size() == CacheReport::most_entries);
  CHECK(report.summary.fresh == CacheReport::most_entries + 1);
}
