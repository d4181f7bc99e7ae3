#include "resolve/fetcher.hpp"

#include <doctest/doctest.h>

#include <deque>
#include <new>

#include "unit/pool/upstream_fixture.hpp"

using namespace tacet;
using namespace tacet::fixture;

namespace {

Name named(std::string_view text) { return Name::from_text(text).value(); }

/// A fetcher between the public upstream and the server of a zone, and those who wait for what it fetches.
struct Scene : World {
  explicit Scene(FakeUpstream::Script script, std::size_t limit = 4096) : public_script(std::move(script)) {
    Routes::Change change = routes.prepare(limit, borrowed(upstream), {{named("lan"), borrowed(lan)}});
    routes.use(std::move(change));
  }

  CacheKey key(const Question& asked) const { return {cache.seed(), asked, false, false}; }

  /// One who waits, and what it is told.
  FetchResult& ask(const Question& asked) {
    FetchResult& told = results.emplace_back();
    tasks.spawn(wait(asked, told));
    return told;
  }
  FetchResult& ask(std::string_view name) { return ask(question(name)); }
  Task<void> wait(Question asked, FetchResult& told) {
    const CacheKey wanted = key(asked);
    const std::shared_ptr<Route> route = routes.of(wanted.name());
    InFlight::FlightWaiter waiter(route->in_flight, wanted);
    fetcher.fetch_for(waiter, route, {wanted, QuestionView::of(asked)});
    told = (co_await waiter.wait(clock.now() + Fetcher::time_limit)).value_or(nullptr);
  }
  bool keeps(std::string_view name) { return cache.peek(key(question(name)), clock.now()).has_value(); }
  Fault fault_of(const FetchResult& told) const { return told->error().fault; }

  FakeUpstream::Script public_script;
  Policy policy{Config{}};
  Cache cache{CacheConfig{}};
  Metrics metrics;
  Ledger ledger{ExposureMode::off};
  Journal journal{metrics, ledger};
  FakeUpstream upstream{scheduler, "public", public_script};
  FakeUpstream lan{scheduler, "lan", answers(5ms)};
  Routes routes{scheduler, 4096, borrowed(upstream), {{named("lan"), borrowed(lan)}}};
  LocalData local_data{policy, routes};
  std::vector<std::pair<std::string, EvidenceOrigin>> seen;  // answers to type-65 questions
  TaskGroup tasks;
  Fetcher fetcher{{scheduler,
                   tasks,
                   cache,
                   routes,
                   local_data,
                   metrics,
                   journal,
                   {},
                   [this](const CacheKey& asked, const Fetched&, EvidenceOrigin origin) {
                     seen.emplace_back(Name::from_checked_wire(asked.name()).to_string(), origin);
                   }}};
  std::deque<FetchResult> results;
};

}  // namespace

TEST_CASE("All who wait for a question share one exchange, its answer is kept, and every one is told the same") {
  Scene scene(answers(20ms));
  for (int i = 0; i < 3; ++i) scene.ask("www.example");
  scene.pass(20ms);
  CHECK(scene.upstream.asked.size() == 1);
  CHECK(scene.metrics.coalesced == 2);
  REQUIRE(scene.results[0]);
  CHECK((*scene.results[0])->image.kind == AnswerKind::positive);
  CHECK((*scene.results[0])->exchange.upstream == "public");
  CHECK(scene.results[1] == scene.results[0]);
  CHECK(scene.results[2] == scene.results[0]);
  CHECK(scene.keeps("www.example"));
  CHECK(scene.tasks.size() == 0);
}

TEST_CASE("The question goes out as it was spelled first") {
  Scene scene(answers(20ms));
  scene.ask("WwW.example");
  scene.ask("www.example");
  scene.pass(20ms);
  CHECK(scene.upstream.asked.at(0).name.to_string() == "WwW.example.");
}

TEST_CASE("Nobody has validated yet: every answer is of indeterminate security, told and kept") {
  Scene scene(answers(20ms));
  const FetchResult& told = scene.ask("www.example");
  scene.pass(20ms);
  CHECK((*told)->image.security == SecurityStatus::indeterminate);
  scene.cache.find(scene.key(question("www.example")), scene.clock.now(),
                   [](const CachedAnswer& kept) { CHECK(kept.security == SecurityStatus::indeterminate); });
}

TEST_CASE("A name of a zone is asked of the zone's server") {
  Scene scene(answers(5ms));
  const FetchResult& told = scene.ask("nas.lan");
  scene.pass(5ms);
  CHECK((*told)->exchange.upstream == "lan");
  CHECK(scene.upstream.asked.empty());
}

TEST_CASE("A failure is told, remembered by its route and not kept") {
  Scene scene(fails(5ms, Fault::unreachable));
  const FetchResult& told = scene.ask("www.example");
  scene.pass(5ms);
  CHECK(scene.fault_of(told) == Fault::unreachable);
  CHECK(!scene.keeps("www.example"));
  CHECK(scene.routes.others()->failures.recall(scene.key(question("www.example")), scene.clock.now()) == told);
}

TEST_CASE("Silence ends at the time limit") {
  Scene scene(answers(1h));
  const FetchResult& told = scene.ask("www.example");
  scene.pass(Fetcher::time_limit - 1ms);
  CHECK(!told);
  scene.pass(1ms);
  scene.pass(1ms);
  CHECK(scene.tasks.size() == 0);
  CHECK(scene.upstream.ended == 1);
}

TEST_CASE("With too much under way a new question is told so at once and asked of nobody") {
  Scene scene(answers(1h), 2);
  for (int i = 0; i < 4; ++i) scene.ask(std::to_string(i) + ".example");
  const FetchResult& told = scene.ask("late.example");
  scene.scheduler.run_ready();
  CHECK(scene.fault_of(told) == Fault::overloaded);
  CHECK(scene.upstream.asked.size() == 4);
  CHECK(scene.metrics.overloaded == 4);  // three that made room for those behind them, and this one
}

TEST_CASE("An exchange that ends by an exception is told as overload, and the question can be asked again") {
  Scene scene([](const Message&) -> FakeUpstream::Step { throw std::bad_alloc(); });
  const FetchResult& told = scene.ask("www.example");
  scene.scheduler.run_ready();
  CHECK(scene.fault_of(told) == Fault::overloaded);
  scene.upstream.script = answers(5ms);
  const FetchResult& again = scene.ask("www.example");
  scene.pass(5ms);
  CHECK(again->has_value());
}

TEST_CASE("A question ahead asks unless the question is being asked, and nobody waits for it") {
  Scene scene(answers(20ms));
  const Question asked = question("www.example");
  const CacheKey key = scene.key(asked);
  const Ahead ahead{AheadKind::refresh, scene.clock.now()};
  for (int i = 0; i < 2; ++i) scene.fetcher.ask_ahead(scene.routes.others(), {key, QuestionView::of(asked)}, ahead);
  CHECK(scene.upstream.asked.size() == 1);
  CHECK(scene.metrics.prefetches == 1);
  scene.pass(20ms);
  CHECK(scene.keeps("www.example"));
}

TEST_CASE("A refresh behind a stale answer comes once in a while, and not while a failure is remembered") {
  Scene scene(fails(5ms, Fault::unreachable));
  const Question asked = question("www.example");
  const CacheKey key = scene.key(asked);
  const auto refresh = [&] { scene.fetcher.refresh_behind(scene.routes.others(), {key, QuestionView::of(asked)}); };
  refresh();
  refresh();
  CHECK(scene.upstream.asked.size() == 1);
  scene.pass(5ms);
  refresh();
  CHECK(scene.upstream.asked.size() == 1);
  scene.pass(Failures::own_held + Recheck::pause);
  refresh();
  CHECK(scene.upstream.asked.size() == 2);
}

TEST_CASE("Answers to type-65 questions about public names are shown with whose they were, a zone's never") {
  Scene scene([](const Message& query) {
    return FakeUpstream::Step{5ms, message(negative(query.question(), Rcode::noerror, 60))};
  });
  scene.lan.script = scene.upstream.script;
  scene.ask(question("www.example", Type::https));
  scene.ask(question("nas.lan", Type::https));
  scene.ask("www.example");
  const Question own = question("own.example", Type::https);
  const CacheKey key = scene.key(own);
  CHECK(!scene.routes.others()->in_flight.begin(key));
  scene.fetcher.launch(scene.routes.others(), {key, QuestionView::of(own), EvidenceOrigin::tacet});
  scene.pass(5ms);
  CHECK(scene.seen == std::vector<std::pair<std::string, EvidenceOrigin>>{{"www.example.", EvidenceOrigin::client},
                                                                          {"own.example.", EvidenceOrigin::tacet}});
}

TEST_CASE("What others answer for meanwhile is told and not kept") {
  Scene scene(answers(20ms));
  const FetchResult& told = scene.ask("www.example");
  FakeUpstream other(scene.scheduler, "other", answers(5ms));
  Routes::Change change = scene.routes.prepare(16, borrowed(other), {});
  scene.routes.use(std::move(change));
  scene.pass(20ms);
  CHECK(told->has_value());
  CHECK(!scene.keeps("www.example"));
}

TEST_CASE("An answer of two routes' parts is kept, unless settings changed while it was fetched") {
  Scene scene(answers(20ms));
  scene.lan.script = [](const Message& query) {
    const std::array alias{cname_record(query.question().name, 300, named("www.example"))};
    return FakeUpstream::Step{5ms, message(local_answer(query.question(), Rcode::noerror, alias))};
  };
  const FetchResult& whole = scene.ask("a.lan");
  scene.pass(5ms);
  CHECK(!whole);
  scene.pass(20ms);
  CHECK((*whole)->image.crosses);
  CHECK((*whole)->image.kind == AnswerKind::positive);
  CHECK(scene.keeps("a.lan"));
  const FetchResult& late = scene.ask("c.lan");
  scene.fetcher.outdate();
  scene.pass(25ms);
  CHECK((*late)->image.crosses);
  CHECK(!scene.keeps("c.lan"));
}
