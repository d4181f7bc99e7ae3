// What the pure parts cost, without a kernel: index, query judging, keys, cache, replies, padding. Google Benchmark.
//
//     tacet_micro [--benchmark_filter=cache]

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "dns/answer_image.hpp"
#include "dns/edns.hpp"
#include "dns/query.hpp"
#include "dns/reply.hpp"
#include "dns/wire.hpp"
#include "resolve/cache/cache.hpp"

namespace {

using namespace tacet;

constexpr Instant now{std::chrono::hours(1)};
constexpr std::size_t kept_names = 1000;  // few enough for the processor's cache, as a laptop's own names are

Name name_of(std::size_t number) { return Name::from_text("n" + std::to_string(number) + ".many.example.com").value(); }

Message query_for(const Name& name) { return upstream_query({name, Type::a, Class::in}, false, false); }

void append_record(std::vector<std::uint8_t>& wire, std::uint16_t owner, Type type,
                   const std::vector<std::uint8_t>& rdata) {
  const auto append16 = [&wire](std::size_t value) {
    wire.push_back(static_cast<std::uint8_t>(value >> 8U));
    wire.push_back(static_cast<std::uint8_t>(value));
  };
  append16(0xC000U | owner);
  append16(static_cast<std::uint16_t>(type));
  append16(1);
  append16(0);
  append16(300);
  append16(rdata.size());
  wire.insert(wire.end(), rdata.begin(), rdata.end());
}

/// An answer as popular names have it: a CNAME, then `addresses` A records at its target.
Message answer_to(const Name& name, std::size_t addresses) {
  const Message query = query_for(name);
  const Bytes asked = query.wire().first(query.index().question_ends);
  std::vector<std::uint8_t> wire(asked.begin(), asked.end());
  store16(wire, 2, flag::qr | flag::rd | flag::ra);
  store16(wire, 6, static_cast<std::uint16_t>(1 + addresses));
  store16(wire, 10, 0);
  const auto target = static_cast<std::uint16_t>(wire.size() + 12);
  append_record(wire, 12, Type::cname, {3, 'c', 'd', 'n', 0xC0, 12});
  for (std::size_t i = 0; i < addresses; ++i)
    append_record(wire, target, Type::a, {192, 0, 2, static_cast<std::uint8_t>(i)});
  return Message::parse(std::move(wire)).value();
}

void index_an_answer(benchmark::State& state) {
  const Message answer = answer_to(name_of(0), 4);
  for (auto _ : state) benchmark::DoNotOptimize(index_message(answer.wire()));
}
BENCHMARK(index_an_answer);

void judge_a_query(benchmark::State& state) {
  const Message query = query_for(name_of(0));
  for (auto _ : state) benchmark::DoNotOptimize(judge_query(query.wire()));
}
BENCHMARK(judge_a_query);

/// Folds the name and hashes it.
void make_a_key(benchmark::State& state) {
  const Message query = query_for(name_of(0));
  const HashSeed seed = HashSeed::random();
  for (auto _ : state) benchmark::DoNotOptimize(CacheKey(seed, query.wire(), query.index()));
}
BENCHMARK(make_a_key);

/// Everything a hit costs between receiving and sending, over many names in turn.
void judge_find_and_reply(benchmark::State& state) {
  Cache cache(CacheConfig{});
  std::vector<Message> queries;
  for (std::size_t i = 0; i < kept_names; ++i) {
    queries.push_back(query_for(name_of(i)));
    const CacheKey key(cache.seed(), queries.back().wire(), queries.back().index());
    cache.store(key, make_image(answer_to(name_of(i), 1), false), now);
  }
  std::vector<std::uint8_t> out(safe_udp_size);
  std::size_t at = 0, found = 0;
  for (auto _ : state) {
    const Bytes wire = queries[at++ % kept_names].wire();
    const auto index = judge_query(wire);
    const CacheKey key(cache.seed(), wire, *index);
    cache.find(key, now, [&](const CachedAnswer& answer) {
      const ReplySource source{.image = answer.image, .ttl_offsets = answer.ttl_offsets, .age = answer.age};
      found += write_reply(source, {wire, *index, udp_limit(*index)}, out) > 0 ? 1 : 0;
    });
    benchmark::ClobberMemory();
  }
  if (found != static_cast<std::size_t>(state.iterations())) state.SkipWithError("an answer was not found");
}
BENCHMARK(judge_find_and_reply);

void miss_in_the_cache(benchmark::State& state) {
  Cache cache(CacheConfig{});
  const Message query = query_for(name_of(0));
  const CacheKey key(cache.seed(), query.wire(), query.index());
  for (auto _ : state) benchmark::DoNotOptimize(cache.find(key, now, [](const CachedAnswer&) {}));
}
BENCHMARK(miss_in_the_cache);

/// New names for ever, into a cache that is full.
void store_and_evict(benchmark::State& state) {
  CacheConfig config;
  config.size = 1U << 20U;
  Cache cache(config);
  std::vector<CacheKey> keys;
  for (std::size_t i = 0; i < 16 * kept_names; ++i)
    keys.emplace_back(cache.seed(), Question{name_of(i), Type::a, Class::in}, false, false);
  const AnswerImage image = make_image(answer_to(name_of(0), 1), false);
  std::size_t at = 0;
  for (auto _ : state) cache.store(keys[at++ % keys.size()], image, now);
}
BENCHMARK(store_and_evict);

/// One part of a walk over a full cache of the default size: how long a shard's lock is held, at most and on average.
void walk_over_a_part(benchmark::State& state) {
  const CacheConfig config;
  Cache cache(config);
  const AnswerImage image = make_image(answer_to(name_of(0), 1), false);
  for (std::size_t i = 0; cache.statistics().evicted == 0; ++i)
    cache.store(CacheKey(cache.seed(), Question{name_of(i), Type::a, Class::in}, false, false), image, now);
  CacheWalk walk;
  std::chrono::nanoseconds longest{};
  for (auto _ : state) {
    const auto begun = std::chrono::steady_clock::now();
    benchmark::DoNotOptimize(cache.next(walk, now));
    longest = std::max<std::chrono::nanoseconds>(longest, std::chrono::steady_clock::now() - begun);
    if (walk.done) walk = {};
  }
  state.counters["entries"] = static_cast<double>(cache.statistics().entries);
  state.counters["longest_us"] = std::chrono::duration<double, std::micro>(longest).count();
}
BENCHMARK(walk_over_a_part);

void make_an_image(benchmark::State& state) {
  const Message answer = answer_to(name_of(0), 4);
  for (auto _ : state) benchmark::DoNotOptimize(make_image(answer, false));
}
BENCHMARK(make_an_image);

/// With its padding.
void make_an_upstream_query(benchmark::State& state) {
  const Question question{name_of(0), Type::a, Class::in};
  for (auto _ : state) benchmark::DoNotOptimize(upstream_query(question, false, false));
}
BENCHMARK(make_an_upstream_query);

}  // namespace

BENCHMARK_MAIN();
