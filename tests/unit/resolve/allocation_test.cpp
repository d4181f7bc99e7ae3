#include <doctest/doctest.h>

#include <cstdlib>
#include <new>

#include "resolver_fixture.hpp"

namespace {

thread_local std::size_t allocations = 0;

void* counted(std::size_t size) {
  ++allocations;
  if (void* block = std::malloc(size == 0 ? 1 : size)) return block;
  throw std::bad_alloc();
}

}  // namespace

// Counted for the whole program; the tests look at the difference.
void* operator new(std::size_t size) { return counted(size); }
void* operator new[](std::size_t size) { return counted(size); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(size == 0 ? 1 : size);
}
void* operator new[](std::size_t size, const std::nothrow_t& nothrow) noexcept { return operator new(size, nothrow); }
void operator delete(void* block) noexcept { std::free(block); }
void operator delete[](void* block) noexcept { std::free(block); }
void operator delete(void* block, std::size_t) noexcept { std::free(block); }
void operator delete[](void* block, std::size_t) noexcept { std::free(block); }

using namespace tacet;
using namespace tacet::fixture;

TEST_CASE("What counts allocations sees them") {
  const std::size_t before = allocations;
  const std::vector<int> some(100);
  CHECK(allocations == before + 1);
}

TEST_CASE("A hit allocates nothing, fresh or again and again, with EDNS and without") {
  Stub stub(answers(5ms, 300));
  stub.ask("www.example");
  stub.pass(10ms);
  std::vector<std::uint8_t> out(1232);
  for (const auto& wire : {client_query(question("wWw.example")), with_opt(client_query(question("www.EXAMPLE")))}) {
    for (int second = 0; second < 3; ++second, stub.clock.advance(1s)) {
      const MessageIndex index = index_message(wire).value();
      const QueryView view{wire, index, stub.clock.now(), 1232};
      const std::size_t before = allocations;
      const auto answered = stub.resolver.answer_now(view, out);
      const std::size_t after = allocations;
      CHECK(after == before);
      REQUIRE(std::holds_alternative<std::size_t>(answered));
      CHECK(std::get<std::size_t>(answered) > wire.size());
    }
  }
}

TEST_CASE("A hit that is put in the query log allocates nothing, whether there is room or not") {
  Stub stub(answers(5ms, 300));
  stub.ask("www.example");
  stub.pass(10ms);
  QueryTap tap([] {}, 8);
  stub.resolver.journal().log_to(tap);
  const auto wire = client_query(question("www.example"));
  const MessageIndex index = index_message(wire).value();
  std::vector<std::uint8_t> out(1232);
  const std::size_t before = allocations;
  for (int i = 0; i < 20; ++i) stub.resolver.answer_now({wire, index, stub.clock.now(), 1232}, out);
  const std::size_t after = allocations;
  CHECK(after == before);
  CHECK(tap.dropped() == 12);
}

TEST_CASE("Finding and writing a reply from the cache allocates nothing") {
  Cache cache({});
  const Question asked = question("www.example");
  const auto wire = client_query(asked);
  const MessageIndex index = index_message(wire).value();
  cache.store(CacheKey(cache.seed(), wire, index), positive(asked, 300), Instant(24h));
  std::vector<std::uint8_t> out(512);
  const std::size_t before = allocations;
  std::size_t size = 0;
  const CacheKey key(cache.seed(), wire, index);
  const bool found = cache.find(key, Instant(24h) + 5s, [&](const CachedAnswer& answer) {
    const ReplySource source{.image = answer.image, .ttl_offsets = answer.ttl_offsets, .age = answer.age};
    size = write_reply(source, {wire, index, 512}, out);
  });
  const std::size_t after = allocations;
  CHECK(after == before);
  CHECK(found);
  CHECK(size > 0);
}
