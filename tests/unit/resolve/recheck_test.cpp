#include "resolve/recheck.hpp"

#include <doctest/doctest.h>

#include "resolver_fixture.hpp"

using namespace tacet;
using namespace tacet::fixture;

namespace {

const auto silent = answers(1h);

/// A resolver that holds stale answers for these names, whose upstream now follows a script.
struct Outage : Stub {
  Outage(std::initializer_list<const char*> names, FakeUpstream::Script script) : Stub(answers(5ms, 10)) {
    for (const char* name : names) ask(name);
    pass(20s);
    upstream.script = std::move(script);
    upstream.asked.clear();
    upstream.ended = 0;
  }

  /// How long an answer took, all being let wait as long as they may; it must be a stale one.
  Duration wait_for_stale(std::string_view name) {
    const Client& client = ask(name);
    while (!client.reply && clock.now() - client.asked_at < Resolver::answer_limit) pass(1ms);
    CHECK(client.ttl() == Resolver::stale_ttl);
    return client.taken;
  }
};

std::size_t count(const FakeUpstream& upstream, std::string_view name) {
  const Name wanted = Name::from_text(name).value();
  return static_cast<std::size_t>(
      std::ranges::count_if(upstream.asked, [&](const Question& asked) { return asked.name == wanted; }));
}

/// Answers all names but one, for which it is silent.
FakeUpstream::Script lame(const char* name) {
  return [lame_one = Name::from_text(name).value()](const Message& query) {
    return (query.question().name == lame_one ? silent : answers(5ms, 10))(query);
  };
}

}  // namespace

TEST_CASE("In an outage only the first who asks for a stale name waits, and one refresh at a time goes on behind") {
  Outage outage({"a.example"}, silent);
  CHECK(outage.wait_for_stale("a.example") == Recheck::patience);
  for (int i = 0; i < 600; ++i) {
    CHECK(outage.wait_for_stale("a.example") == 0ms);
    outage.pass(100ms);
    CHECK(outage.upstream.asked.size() - outage.upstream.ended <= 1);
  }
  const std::size_t asked = count(outage.upstream, "a.example");
  CHECK(asked >= 10);  // each takes 4.3 s to fail
  CHECK(asked <= 16);
}

TEST_CASE("A refresh that fails fast is not repeated with every query") {
  for (const auto& script : {fails(1ms, Fault::unreachable), says(1ms, Rcode::servfail)}) {
    Outage outage({"a.example"}, script);
    outage.wait_for_stale("a.example");
    for (int i = 0; i < 1000; ++i) {
      CHECK(outage.wait_for_stale("a.example") == 0ms);
      outage.pass(10ms);
    }
    CHECK(outage.upstream.asked.size() >= 3);
    CHECK(outage.upstream.asked.size() <= 12);
  }
}

TEST_CASE("Once the upstream is back a stale name is fresh with the next query but one, and others at once") {
  Outage outage({"a.example", "b.example"}, silent);
  outage.wait_for_stale("a.example");
  outage.pass(5s);
  outage.upstream.script = answers(5ms, 10);
  CHECK(outage.wait_for_stale("a.example") == 0ms);
  outage.pass(10ms);
  CHECK(outage.ask("a.example").at_once);
  const Client& other = outage.ask("b.example");
  outage.pass(5ms);
  CHECK(other.ttl() == 10);
}

TEST_CASE("An answer to anything ends what was held because nothing was answered") {
  Outage outage({"a.example", "b.example"}, silent);
  outage.wait_for_stale("a.example");
  outage.pass(5s);
  outage.upstream.script = answers(5ms, 10);
  outage.ask("new.example");
  outage.pass(10ms);
  const Client& client = outage.ask("a.example");
  outage.pass(5ms);
  CHECK(client.ttl() == 10);
}

TEST_CASE("While all is silent the second stale name waits a little, and no further one") {
  Outage outage({"a.example", "b.example", "c.example", "d.example"}, silent);
  CHECK(outage.wait_for_stale("a.example") == Recheck::patience);
  CHECK(outage.wait_for_stale("b.example") == Recheck::doubting_patience);
  CHECK(outage.wait_for_stale("c.example") == 0ms);
  CHECK(outage.wait_for_stale("d.example") == 0ms);
}

TEST_CASE("Where nobody can be reached no second stale name waits") {
  Outage outage({"a.example", "b.example"}, fails(700ms, Fault::unreachable));
  CHECK(outage.wait_for_stale("a.example") == 700ms);
  CHECK(outage.wait_for_stale("b.example") == 0ms);
}

TEST_CASE("A name that alone is never answered is held by itself, and others are as fresh as ever") {
  Outage outage({"lame.example", "b.example", "c.example"}, lame("lame.example"));
  const Client& first = outage.ask("lame.example");
  outage.pass(100ms);
  outage.ask("other.example");
  outage.pass(2s);
  CHECK(first.ttl() == Resolver::stale_ttl);
  for (const auto* name : {"b.example", "c.example"}) {
    const Client& fresh = outage.ask(name);
    outage.pass(5ms);
    CHECK(fresh.ttl() == 10);
    CHECK(outage.wait_for_stale("lame.example") == 0ms);
  }
}

TEST_CASE("One name without an answer makes nobody else take a stale answer from an upstream that works") {
  Outage outage({"lame.example", "b.example"}, lame("lame.example"));
  outage.wait_for_stale("lame.example");
  outage.pass(5s);
  const Client& fresh = outage.ask("b.example");
  outage.pass(5ms);
  CHECK(fresh.ttl() == 10);
}

TEST_CASE("What is known of an outage is known to all workers") {
  Outage outage({"a.example"}, silent);
  outage.wait_for_stale("a.example");
  TaskGroup tasks;
  Resolver other(
      {outage.scheduler, tasks, outage.policy, outage.cache, borrowed(outage.upstream), outage.metrics, 4096});
  const auto query = client_query(question("a.example"));
  const MessageIndex index = index_message(query).value();
  std::vector<std::uint8_t> out(512);
  auto miss = std::get<Miss>(other.answer_now({query, index, outage.clock.now(), 512}, out));
  std::optional<Reply> reply;
  tasks.spawn([](Resolver& resolver, Miss missed, std::optional<Reply>& told) -> Task<void> {
    told = co_await resolver.answer(missed);
  }(other, std::move(miss), reply));
  outage.scheduler.run_ready();
  CHECK(reply.has_value());
}

TEST_CASE("After a change of the network a stale name is waited for again") {
  Outage outage({"a.example"}, silent);
  outage.wait_for_stale("a.example");
  outage.pass(5s);
  outage.resolver.forget_failures();
  CHECK(outage.wait_for_stale("a.example") == Recheck::patience);
}

TEST_CASE("What is held ends 30 s after the last failure, and the memory for it has a limit") {
  Recheck recheck;
  const HashSeed seed{1, 2};
  const Name root;
  const auto key = [&](int number) {
    return CacheKey(seed, question("n" + std::to_string(number) + ".example"), false, false);
  };
  const Instant start{1h};
  recheck.hold({root, key(0), 0}, Recheck::Failure::answer, start);
  CHECK(recheck.patience_for(root, key(0), start + 29s) == 0s);
  CHECK(recheck.patience_for(root, key(0), start + 30s) == Recheck::patience);
  CHECK(recheck.patience_for(root, key(1), start) == Recheck::patience);
  CHECK(!recheck.begin(key(0), start + 500ms, start + 5s));
  CHECK(recheck.begin(key(0), start + 1s, start + 5s));
  CHECK(!recheck.begin(key(0), start + 4s, start + 9s));
  CHECK(recheck.begin(key(0), start + 5s, start + 9s));
  recheck.failed({root, key(0), 0}, Recheck::Failure::answer, start + 20s);
  CHECK(recheck.patience_for(root, key(0), start + 49s) == 0s);
  recheck.refreshed(key(0));
  CHECK(recheck.patience_for(root, key(0), start + 20s) == Recheck::patience);
  std::size_t held = 0;
  for (int i = 0; i < 5000; ++i) recheck.hold({root, key(i), 0}, Recheck::Failure::answer, start);
  for (int i = 0; i < 5000; ++i) held += recheck.patience_for(root, key(i), start) == 0s ? 1 : 0;
  CHECK(held <= Recheck::limit);
  CHECK(held > 0);
}

TEST_CASE("The silence of a zone's servers says nothing of other names") {
  Recheck recheck;
  const HashSeed seed{1, 2};
  const Name root, zone = question("lan").name;
  const CacheKey nas(seed, question("nas.lan"), false, false), www(seed, question("www.example"), false, false);
  recheck.hold({zone, nas, 0}, Recheck::Failure::unreachable, Instant{1h});
  CHECK(recheck.patience_for(root, www, Instant{1h}) == Recheck::patience);
  recheck.answered(root);
  CHECK(recheck.patience_for(zone, nas, Instant{1h}) == 0s);
  recheck.answered(zone);
  CHECK(recheck.patience_for(zone, nas, Instant{1h}) == Recheck::patience);
}
