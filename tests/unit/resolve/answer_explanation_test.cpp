#include "resolve/answer_explanation.hpp"

#include <doctest/doctest.h>

#include "resolver_fixture.hpp"

using namespace tacet;
using namespace tacet::fixture;

TEST_CASE("What nothing is known of goes to the upstreams, and looking asks and counts nothing") {
  Stub stub(answers(20ms));
  const AnswerExplanation explanation = stub.resolver.explanation(question("www.example"));
  CHECK(explanation.answerer == Answerer::upstream);
  CHECK(explanation.kept.empty());
  CHECK(!explanation.policy);
  CHECK(!explanation.zone);
  stub.pass(5s);
  CHECK(stub.upstream.asked.empty());
  CHECK(stub.metrics.answers == Metrics{}.answers);
}

TEST_CASE("A fresh answer comes from the cache, a stale one does not, and looking is no use of it") {
  Stub stub(answers(20ms, 100));
  stub.ask("www.example");
  stub.pass(30s);
  for (int i = 0; i < 5; ++i) {
    const AnswerExplanation explanation = stub.resolver.explanation(question("WWW.example"));
    CHECK(explanation.answerer == Answerer::cache);
    REQUIRE(explanation.kept.size() == 1);
    CHECK(explanation.kept[0].age == 29);
    CHECK(explanation.kept[0].lifetime == 100);
  }
  CHECK(stub.resolver.explanation(question("www.example", Type::aaaa)).answerer == Answerer::upstream);
  stub.pass(55s);
  stub.ask("www.example");  // only the second use: looking was none, so nothing is refreshed ahead
  CHECK(stub.metrics.prefetches == 0);
  stub.pass(20s);
  const AnswerExplanation late = stub.resolver.explanation(question("www.example"));
  CHECK(late.answerer == Answerer::upstream);
  CHECK(!late.kept[0].fresh());
  CHECK(!late.kept[0].expired());
}

TEST_CASE("What is kept for other clients is shown, and does not decide") {
  Stub stub(answers(20ms));
  stub.ask(with_opt(client_query(question("www.example")), true));
  stub.pass(1s);
  const AnswerExplanation explanation = stub.resolver.explanation(question("www.example"));
  CHECK(explanation.answerer == Answerer::upstream);
  REQUIRE(explanation.kept.size() == 1);
  CHECK(explanation.kept[0].dnssec_ok);
}

TEST_CASE("The hosts file comes before policy, and policy before what is kept, with its reason") {
  Stub stub(answers(20ms));
  const AnswerExplanation local = stub.resolver.explanation(question("a.test"));
  CHECK(local.answerer == Answerer::policy);
  REQUIRE(local.policy);
  CHECK(local.policy->zone == Name::from_text("test").value());
  CHECK(!local.policy->reason.empty());
  stub.resolver.set_hosts(std::make_shared<const Hosts>(Hosts::parse("192.0.2.1 a.test")));
  CHECK(stub.resolver.explanation(question("a.test")).answerer == Answerer::hosts);
  CHECK(stub.resolver.explanation(question("b.test")).answerer == Answerer::policy);
}

TEST_CASE("A failure is remembered for a moment, and told in its words") {
  Stub stub(fails(20ms, Fault::unreachable));
  stub.ask("www.example");
  stub.pass(100ms);
  const AnswerExplanation explanation = stub.resolver.explanation(question("www.example"));
  CHECK(explanation.answerer == Answerer::recent_failure);
  CHECK(explanation.failure == "as the test wants it");
  stub.pass(2s);
  CHECK(stub.resolver.explanation(question("www.example")).answerer == Answerer::upstream);
}

TEST_CASE("What nobody may ask for is refused, whatever the name") {
  Stub stub(answers(20ms));
  const AnswerExplanation explanation = stub.resolver.explanation(question("www.example", Type::axfr));
  CHECK(explanation.answerer == Answerer::nobody);
  CHECK(explanation.refused == Rcode::refused);
}

TEST_CASE("A name of a zone of the local network says so, and which rule the zone overrides") {
  World world;
  TaskGroup tasks;
  FakeUpstream others(world.scheduler, "others", answers(20ms)), own(world.scheduler, "own", answers(20ms));
  Policy policy{Config{}};
  Cache cache{CacheConfig{}};
  Metrics metrics;
  const Name home = Name::from_text("Home.arpa").value();
  Resolver resolver({world.scheduler,
                     tasks,
                     policy,
                     cache,
                     borrowed(others),
                     metrics,
                     16,
                     ExposureMode::off,
                     {{home, borrowed(own)}}});
  const AnswerExplanation explanation = resolver.explanation(question("nas.home.arpa"));
  CHECK(explanation.answerer == Answerer::upstream);
  CHECK(explanation.zone == home);
  REQUIRE(explanation.policy);
  CHECK(explanation.policy->zone == home);
}
