// Answers that have outlived their TTL (RFC 8767), and what is done before they do.
#include <doctest/doctest.h>

#include "resolver_fixture.hpp"

using namespace tacet;
using namespace tacet::fixture;

TEST_CASE("When the refresh fails a stale answer is served with a TTL of 30 and says that it is stale") {
  for (const auto& script :
       {fails(50ms, Fault::unreachable), says(50ms, Rcode::servfail), says(50ms, Rcode::refused)}) {
    Stub stub(answers(5ms, 10));
    stub.ask("www.example");
    stub.pass(20s);
    stub.upstream.script = script;
    const Client& edns = stub.ask(with_opt(client_query(question("www.example"))));
    const Client& plain = stub.ask("www.example");
    stub.pass(50ms);
    CHECK(edns.rcode() == Rcode::noerror);
    CHECK(edns.taken == 50ms);
    CHECK(edns.ttl() == 30);
    CHECK(edns.extended_error()->code == ede::stale_answer);
    CHECK(plain.ttl() == 30);
    CHECK(!plain.message().index().has_edns);
    const Client& next = stub.ask("www.example");  // the failure is remembered: no wait
    stub.scheduler.run_ready();
    CHECK(next.ttl() == 30);
    CHECK(next.taken == 0ms);
    CHECK(stub.metrics.answers[static_cast<std::size_t>(Source::stale)] == 3);
  }
}

TEST_CASE("A stale answer is served after 1.8 seconds of silence, and the late answer is still kept") {
  Stub stub(answers(5ms, 10));
  stub.ask("www.example");
  stub.pass(20s);
  stub.upstream.script = answers(3s, 100);
  const Client& stale = stub.ask("www.example");
  stub.pass(1799ms);
  CHECK(!stale.reply);
  stub.pass(1ms);
  CHECK(stale.ttl() == 30);
  stub.pass(2s);
  CHECK(stub.ask("www.example").at_once);
  CHECK(stub.upstream.asked.size() == 2);
}

TEST_CASE("A stale NXDOMAIN says so, and a fresh NXDOMAIN takes a stale answer's place") {
  Stub stub([](const Message& query) {
    return FakeUpstream::Step{5ms, message(negative(query.question(), Rcode::nxdomain, 10))};
  });
  stub.ask("gone.example");
  stub.pass(20s);
  stub.upstream.script = fails(5ms, Fault::unreachable);
  const Client& stale = stub.ask(with_opt(client_query(question("gone.example"))));
  stub.pass(10ms);
  CHECK(stale.rcode() == Rcode::nxdomain);
  CHECK(stale.extended_error()->code == ede::stale_nxdomain);

  Stub other(answers(5ms, 10));
  other.ask("www.example");
  other.pass(20s);
  other.upstream.script = [](const Message& query) {
    return FakeUpstream::Step{5ms, message(negative(query.question(), Rcode::nxdomain, 60))};
  };
  const Client& fresh = other.ask("www.example");
  other.pass(10ms);
  CHECK(fresh.rcode() == Rcode::nxdomain);
}

TEST_CASE("A SERVFAIL is never served from memory beyond its seconds, nor an answer older than a day") {
  Stub stub(says(5ms, Rcode::servfail));
  stub.ask("www.example");
  stub.pass(4s);
  stub.upstream.script = fails(5ms, Fault::no_network);
  const Client& client = stub.ask(with_opt(client_query(question("www.example"))));
  stub.pass(10ms);
  CHECK(client.extended_error()->code == ede::network_error);

  Stub old(answers(5ms, 10));
  old.ask("www.example");
  old.pass(24h + 11s);
  old.upstream.script = fails(5ms, Fault::unreachable);
  const Client& late = old.ask("www.example");
  old.pass(10ms);
  CHECK(late.rcode() == Rcode::servfail);
}

TEST_CASE("What is popular is refreshed before it expires, once, and nobody waits for it") {
  Stub stub(answers(20ms, 100));
  stub.ask("www.example");
  stub.pass(50s);
  stub.ask("www.example");
  stub.pass(45s);
  for (int i = 0; i < 10; ++i) CHECK(stub.ask("www.example").at_once);
  CHECK(stub.upstream.asked.size() == 2);
  CHECK(stub.metrics.prefetches == 1);
  stub.pass(20s);
  CHECK(stub.ask("www.example").at_once);
  CHECK(stub.ask("www.example").ttl() > 75);
}

TEST_CASE("A refresh ahead of time that fails takes nothing away") {
  Stub stub(answers(20ms, 100));
  stub.ask("www.example");
  stub.pass(95s);
  stub.upstream.script = fails(5ms, Fault::unreachable);
  stub.ask("www.example");
  stub.ask("www.example");
  stub.pass(1s);
  CHECK(stub.upstream.asked.size() == 2);
  CHECK(stub.ask("www.example").rcode() == Rcode::noerror);
}

TEST_CASE("A query that meets a running refresh joins it") {
  Stub stub(answers(20ms, 10));
  stub.ask("www.example");
  stub.pass(1s);
  stub.ask("www.example");
  stub.pass(8020ms);
  stub.upstream.script = answers(3s, 10);
  stub.ask("www.example");
  stub.pass(2s);  // stale now, and the refresh still runs
  const Client& joined = stub.ask("www.example");
  CHECK(!joined.at_once);
  stub.pass(1s);
  CHECK(joined.ttl() == 10);
  CHECK(stub.upstream.asked.size() == 2);
}
