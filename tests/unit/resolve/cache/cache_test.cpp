#include "resolve/cache/cache.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <random>
#include <thread>

#include "cache_fixture.hpp"

using namespace tacet;
using namespace tacet::fixture;

TEST_CASE("An answer is fresh until its TTL has passed, to the second") {
  Kept kept;
  kept.store("a.example", 10);
  for (const auto& [after, age, fresh] :
       {std::tuple{0ms, 0U, true}, {999ms, 0U, true}, {1000ms, 1U, true}, {9999ms, 9U, true}, {10000ms, 10U, false}}) {
    kept.now = Instant(24h) + after;
    const auto found = kept.find("a.example");
    REQUIRE(found);
    CHECK(found->age == age);
    CHECK(found->fresh == fresh);
    CHECK(found->lifetime == 10);
  }
}

TEST_CASE("A TTL of 1 lives one second; a TTL of 0 and a failure are never kept, whatever min_ttl says") {
  Kept kept({.min_ttl = 60});
  kept.store("zero.example", 0);
  CHECK(!kept.find("zero.example"));
  AnswerImage failed = positive(question("failed.example"), 300);
  failed.kind = AnswerKind::failure;
  kept.cache.store(kept.key("failed.example"), failed, kept.now);
  CHECK(!kept.find("failed.example"));

  Kept plain;
  plain.store("one.example", 1);
  plain.now += 999ms;
  CHECK(plain.find("one.example")->fresh);
  plain.now += 1ms;
  CHECK(!plain.find("one.example")->fresh);
}

TEST_CASE("A stale answer is found for a day and no longer") {
  Kept kept;
  kept.store("a.example", 10);
  kept.now += 10s + 24h - 1s;
  REQUIRE(kept.find("a.example"));
  CHECK(!kept.find("a.example")->fresh);
  kept.now += 1s;
  CHECK(!kept.find("a.example"));
}

TEST_CASE("A clock that went backwards makes nothing older") {
  Kept kept;
  kept.store("a.example", 10);
  kept.now -= 1h;
  CHECK(kept.find("a.example")->age == 0);
}

TEST_CASE("min_ttl and max_ttl clamp how long an answer lives") {
  Kept kept({.min_ttl = 60, .max_ttl = 120});
  kept.store("short.example", 5);
  kept.store("long.example", 5000);
  CHECK(kept.find("short.example")->lifetime == 60);
  CHECK(kept.find("long.example")->lifetime == 120);
}

TEST_CASE("Negative answers live no longer than max_negative_ttl, positive ones do") {
  Kept kept({.max_negative_ttl = 100});
  for (const auto& [name, rcode] : {std::pair{"gone.example", Rcode::nxdomain}, {"empty.example", Rcode::noerror}}) {
    kept.cache.store(kept.key(name), negative(question(name), rcode, 5000), kept.now);
    CHECK(kept.find(name)->lifetime == 100);
  }
  kept.store("there.example", 5000);
  CHECK(kept.find("there.example")->lifetime == 5000);
}

TEST_CASE("A limit of 0 seconds keeps nothing, not even to be served stale") {
  Kept kept({.max_negative_ttl = 0});
  kept.cache.store(kept.key("gone.example"), negative(question("gone.example"), Rcode::nxdomain, 60), kept.now);
  CHECK(!kept.find("gone.example"));
}

TEST_CASE("What was stored comes back octet for octet, its question in lower case") {
  Kept kept;
  const Question asked = question("WWW.Example");
  AnswerImage image = positive(asked, 300, 7);
  image.extended_error = ExtendedError{15, "blocked here"};
  kept.cache.store(CacheKey(kept.cache.seed(), asked, false, false), image, kept.now);
  const auto found = kept.find("www.example");
  REQUIRE(found);
  REQUIRE(found->image.size() == image.wire.size());
  const auto lower = positive(question("www.example"), 300, 7).wire;
  CHECK(std::equal(found->image.begin(), found->image.begin() + 25, lower.begin()));
  CHECK(std::equal(found->image.begin() + 25, found->image.end(), image.wire.begin() + 25));
  CHECK(std::ranges::equal(found->ttl_offsets, image.ttl_offsets));
  CHECK(found->kind == AnswerKind::positive);
  CHECK(*found->extended_error == 15);
  CHECK(found->extended_error_text == "blocked here");
}

TEST_CASE("An answer's security status is kept with it, and a newer answer brings its own") {
  Kept kept;
  AnswerImage image = positive(question("a.example"), 300);
  CHECK(image.security == SecurityStatus::indeterminate);
  std::size_t octets = 0;
  for (const auto status : {SecurityStatus::indeterminate, SecurityStatus::secure, SecurityStatus::insecure}) {
    image.security = status;
    kept.cache.store(kept.key("a.example"), image, kept.now);
    CHECK(kept.find("a.example")->security == status);
    if (octets == 0) octets = kept.cache.statistics().octets;
    CHECK(kept.cache.statistics().octets == octets);
  }
}

TEST_CASE("Case is no difference; DO and CD are") {
  Kept kept;
  kept.store("MiXed.example");
  CHECK(kept.find("mixed.EXAMPLE"));
  CHECK(!kept.find(kept.key("mixed.example", true, false)));
  CHECK(!kept.find(kept.key("mixed.example", false, true)));
  CHECK(!kept.find("mixed.example.example"));
}

TEST_CASE("A newer answer takes an older one's place") {
  Kept kept;
  kept.store("a.example", 10);
  kept.now += 5s;
  kept.cache.store(kept.key("a.example"), positive(question("a.example"), 20, 9), kept.now);
  CHECK(kept.cache.statistics().entries == 1);
  const auto found = kept.find("a.example");
  CHECK(found->age == 0);
  CHECK(found->image.back() == 9);
}

TEST_CASE("A refresh is due once, for what is likely to be used again after its end") {
  Kept kept;
  kept.store("often.example", 100);
  kept.store("seldom.example", 100);
  for (int i = 0; i < 8; ++i) {
    kept.now += 10s;
    CHECK(!kept.find("often.example")->refresh_due);
  }
  kept.now += 15s;
  CHECK(kept.find("often.example")->refresh_due);
  CHECK(!kept.find("often.example")->refresh_due);
  kept.now += 10s;
  CHECK(!kept.find("often.example")->refresh_due);  // stale: a miss, not ahead of time
  kept.now += 85s;
  CHECK(!kept.find("seldom.example")->refresh_due);
  kept.store("seldom.example", 100);
  kept.now += 99s;
  CHECK(!kept.find("seldom.example")->refresh_due);  // the next use would come too late even for a new answer
}

TEST_CASE("What is known of the uses outlives a new answer") {
  Kept kept;
  for (int i = 0; i < 3; ++i) {
    kept.store("www.example", 50);
    kept.now += 60s;
  }
  kept.store("www.example", 300);
  kept.now += 290s;
  CHECK(kept.find("www.example")->refresh_due);
}

TEST_CASE("An answer of a few seconds is hardly ever due ahead of time, however often it is used") {
  Kept kept;
  int due = 0;
  for (int i = 0; i < 900; ++i, kept.now += 100ms) {
    if (i % 30 == 0) kept.store("brief.example", 3);
    due += kept.find("brief.example")->refresh_due ? 1 : 0;
  }
  CHECK(due == 0);
}

TEST_CASE("A guess is followed by no other before it is proved") {
  Kept kept;
  kept.store("www.example", 30);
  kept.now += 20s;
  kept.find("www.example");
  kept.now += 8s;
  REQUIRE(kept.find("www.example")->refresh_due);
  kept.cache.store(kept.key("www.example"), positive(question("www.example"), 2), kept.now,
                   {AheadKind::refresh, kept.now + 2s});
  CHECK_FALSE(kept.find("www.example")->refresh_due);
  kept.now += 1s;
  CHECK_FALSE(kept.find("www.example")->refresh_due);
}

TEST_CASE("A guess is proved by the first use that no older answer could serve") {
  Kept kept;
  const auto guess = [&](AheadKind kind, Duration useful_in) {
    kept.cache.store(kept.key("www.example"), positive(question("www.example"), 100), kept.now,
                     {kind, kept.now + useful_in});
  };
  guess(AheadKind::refresh, 10s);
  kept.now += 10s;
  CHECK(kept.find("www.example")->proved == AheadKind::none);
  kept.now += 1s;
  CHECK(kept.find("www.example")->proved == AheadKind::refresh);
  CHECK(kept.find("www.example")->proved == AheadKind::none);
  guess(AheadKind::follower, -5s);
  CHECK(kept.find("www.example")->proved == AheadKind::follower);
}

TEST_CASE("What expires soon is found by its hash, and is not used by that") {
  Kept kept;
  const CacheKey key = kept.key("www.example", true);
  kept.cache.store(key, positive(question("www.example"), 100), kept.now);
  CHECK_FALSE(kept.cache.expiring(key.hash(), kept.now, 99s));
  kept.now += 99s;
  const auto soon = kept.cache.expiring(key.hash(), kept.now, 2s);
  REQUIRE(soon);
  CHECK(soon->question == question("www.example"));
  CHECK(soon->dnssec_ok);
  CHECK_FALSE(soon->checking_disabled);
  CHECK(soon->expires == kept.now + 1s);
  kept.now += 24h;
  CHECK(kept.cache.expiring(key.hash(), kept.now, 2s));
  kept.now += 2s;
  CHECK_FALSE(kept.cache.expiring(key.hash(), kept.now, 2s));
  CHECK_FALSE(kept.cache.expiring(key.hash() + 1, kept.now, 2s));
}

TEST_CASE("What is removed is gone and everything else can still be found") {
  std::mt19937 random(3);
  Kept kept({.size = 200000});
  std::vector<bool> there(600);
  for (int i = 0; i < 15000; ++i) {
    const std::size_t n = random() % there.size();
    const std::string name = "n" + std::to_string(n) + ".example";
    if (random() % 2 == 0) {
      kept.store(name);
      there[n] = true;
    } else {
      CHECK(kept.cache.remove(question(name).name, Cache::Reach::name_only) == (there[n] ? 1 : 0));
      there[n] = false;
    }
    const std::size_t other = random() % there.size();
    if (kept.find("n" + std::to_string(other) + ".example").has_value() != there[other]) FAIL("lost or risen: ", other);
  }
  REQUIRE(kept.cache.statistics().evicted == 0);
}

TEST_CASE("A name is removed with all its types and bits, its descendants only if asked") {
  Kept kept({.size = 8 << 20});
  const auto fill = [&] {
    for (const auto* name : {"example", "a.example", "b.a.example", "xa.example", "other"}) {
      kept.store(name);
      kept.cache.store(kept.key(name, true, true), positive(question(name), 300), kept.now);
    }
  };
  fill();
  CHECK(kept.cache.remove(question("A.example").name, Cache::Reach::name_only) == 2);
  CHECK(!kept.find("a.example"));
  CHECK(kept.find("b.a.example"));
  fill();
  CHECK(kept.cache.remove(question("A.EXAMPLE").name, Cache::Reach::with_descendants) == 4);
  CHECK(kept.find("xa.example"));
  CHECK(kept.cache.remove(Name{}, Cache::Reach::with_descendants) == 6);
  CHECK(kept.cache.statistics().entries == 0);
  CHECK(kept.cache.clear() == 0);
  fill();
  CHECK(kept.cache.clear() == 10);
  CHECK(kept.cache.statistics().octets == 0);
  fill();
  CHECK(kept.find("other"));
}

TEST_CASE("An image that cannot hold its key's question is refused") {
  Kept kept;
  kept.cache.store(kept.key("a.name.that.is.longer.than.the.image.example"), positive(question("a"), 300), kept.now);
  CHECK(!kept.find("a.name.that.is.longer.than.the.image.example"));
}

TEST_CASE("Two threads may store, find, remove and clear at once") {
  Cache cache({.size = 4 << 20});
  const auto work = [&cache](unsigned seed) {
    std::mt19937 random(seed);
    for (int i = 0; i < 20000; ++i) {
      const std::string name = "n" + std::to_string(random() % 500) + ".example";
      const Question asked = question(name);
      const CacheKey key(cache.seed(), asked, false, false);
      const Instant now{24h + std::chrono::milliseconds(i)};
      if (random() % 4 == 0) cache.store(key, positive(asked, 300), now);
      cache.find(key, now, [&](const CachedAnswer& answer) {
        if (!std::ranges::equal(answer.image.subspan(12, key.name().size()), key.name()))
          FAIL_CHECK("another's answer");
      });
      if (random() % 100 == 0) cache.remove(asked.name, Cache::Reach::name_only);
      if (random() % 2000 == 0) cache.clear();
      if (random() % 100 == 0) (void)cache.statistics();
    }
  };
  std::thread other(work, 1);
  work(2);
  other.join();
  CHECK(cache.statistics().octets <= cache.statistics().budget);
}

TEST_CASE("Other limits count at once for what is kept, which has the TTL it came with") {
  Kept kept;
  kept.store("long.example", 3600);
  kept.store("short.example", 10);
  kept.cache.store(kept.key("no.example"), negative(question("no.example"), Rcode::nxdomain, 600), kept.now);
  kept.now += 20s;
  CHECK(kept.find("long.example")->lifetime == 3600);
  CHECK(!kept.find("short.example")->fresh);
  kept.cache.set_config({.min_ttl = 30, .max_ttl = 300, .max_negative_ttl = 60});
  CHECK(kept.find("long.example")->lifetime == 300);
  CHECK(kept.find("short.example")->lifetime == 30);
  CHECK(kept.find("short.example")->fresh);
  CHECK(kept.find("no.example")->lifetime == 60);
  kept.cache.set_config({.max_ttl = 20});
  CHECK(!kept.find("long.example")->fresh);
  kept.cache.set_config({});
  CHECK(kept.find("long.example")->lifetime == 3600);
  CHECK(kept.find("no.example")->lifetime == 600);
  CHECK(kept.cache.config() == CacheConfig{});
}

TEST_CASE("A size of nothing turns the cache off, and another one on again") {
  Kept kept;
  kept.store("a.example");
  kept.cache.set_config({.size = 0});
  CHECK(!kept.find("a.example"));
  CHECK(kept.cache.statistics().octets == 0);
  kept.store("a.example");
  CHECK(!kept.find("a.example"));
  kept.cache.set_config({});
  kept.store("a.example");
  CHECK(kept.find("a.example"));
}

TEST_CASE("The size may change while others use the cache") {
  Kept kept({.size = 4 << 20});
  std::atomic<bool> over{false};
  const auto work = [&](int seed) {
    for (int i = 0; !over; ++i) {
      const std::string name = "n" + std::to_string(seed) + "-" + std::to_string(i % 3000) + ".example";
      kept.store(name);
      kept.find(name);
    }
  };
  std::thread one(work, 1), two(work, 2);
  for (int i = 0; i < 100; ++i)
    kept.cache.set_config({.size = std::size_t{64} << (10 + i % 6), .max_ttl = 60U + static_cast<unsigned>(i)});
  over = true;
  one.join();
  two.join();
  CHECK(kept.cache.statistics().octets <= kept.cache.config().size);
}
