#include <doctest/doctest.h>

#include <cstdlib>
#include <new>

#include "resolver_fixture.hpp"

namespace {

thread_local std::size_t allocations = 0;
thread_local std::size_t fails_in = 0;  // which allocation from now on fails; 0: none

void* counted(std::size_t size) {
  ++allocations;
  if (fails_in > 0 && --fails_in == 0) throw std::bad_alloc();
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
  AnswerImage image = positive(asked, 300);
  image.security = SecurityStatus::secure;
  cache.store(CacheKey(cache.seed(), wire, index), image, Instant(24h));
  std::vector<std::uint8_t> out(512);
  const std::size_t before = allocations;
  std::size_t size = 0;
  SecurityStatus security{};
  const CacheKey key(cache.seed(), wire, index);
  const bool found = cache.find(key, Instant(24h) + 5s, [&](const CachedAnswer& answer) {
    security = answer.security;
    const ReplySource source{.image = answer.image, .ttl_offsets = answer.ttl_offsets, .age = answer.age};
    size = write_reply(source, {wire, index, 512}, out);
  });
  const std::size_t after = allocations;
  CHECK(after == before);
  CHECK(found);
  CHECK(size > 0);
  CHECK(security == SecurityStatus::secure);
}

TEST_CASE("Whichever allocation fails on its way, a query leaves nothing behind, and its question is answered later") {
  Stub stub(answers(20ms, 300));
  std::size_t served_all_the_same = 0, refused = 0;
  bool has_failed = true;
  for (std::size_t n = 1; has_failed; ++n) {
    REQUIRE(n < 1000);
    const std::string name = "n" + std::to_string(n) + ".example";
    auto wire = client_query(question(name));
    Client* client = nullptr;
    fails_in = n;
    try {
      client = &stub.ask(std::move(wire));
    } catch (const std::bad_alloc&) {  // which the listeners tell their clients
    }
    for (int step = 0; step < 3; ++step) try {
        stub.pass(10ms);
      } catch (const std::bad_alloc&) {  // which ends one event of the loop
      }
    has_failed = fails_in == 0;
    fails_in = 0;
    stub.pass(5s);
    CHECK(stub.resolver.pending() == 0);
    CHECK(stub.tasks.size() == 0);
    if (client != nullptr && client->reply && !client->reply->empty())
      ++(client->rcode() == Rcode::noerror ? served_all_the_same : refused);
    const Client& again = stub.ask(name);
    stub.pass(30ms);
    REQUIRE(again.reply);
    CHECK(again.rcode() == Rcode::noerror);
  }
  CHECK(served_all_the_same >= 1);
  CHECK(refused >= 1);
}

TEST_CASE("Whichever allocation fails, a kept answer is given, and the exposure ledger stays whole") {
  Stub stub(answers(5ms, 300));
  std::vector<std::uint8_t> out(1232);
  for (std::size_t n = 1; n < 20; ++n) {
    const std::string name = "k" + std::to_string(n) + ".example";
    const auto wire = client_query(question(name));
    const MessageIndex index = index_message(wire).value();
    stub.ask(name);
    stub.pass(10ms);
    stub.resolver.ledger().clear();
    fails_in = n;
    const auto answered = stub.resolver.answer_now({wire, index, stub.clock.now(), 1232}, out);
    fails_in = 0;
    REQUIRE(std::holds_alternative<std::size_t>(answered));
    CHECK(std::get<std::size_t>(answered) > wire.size());
    static_cast<void>(stub.resolver.answer_now({wire, index, stub.clock.now(), 1232}, out));
    Exposure exposure;
    stub.resolver.ledger().add_to(exposure);
    CHECK(exposure.names.size() == 1);
  }
}
