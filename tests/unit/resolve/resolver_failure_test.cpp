// What a resolver tells when upstreams fail, are silent or are asked too much.
#include <doctest/doctest.h>

#include <new>

#include "resolver_fixture.hpp"

using namespace tacet;
using namespace tacet::fixture;

namespace {

const auto silent = answers(1h);

}  // namespace

TEST_CASE("A fault becomes SERVFAIL, with words only for those who speak EDNS") {
  for (const auto& [fault, code] : {std::pair{Fault::timeout, ede::no_reachable_authority},
                                    {Fault::unreachable, ede::no_reachable_authority},
                                    {Fault::no_network, ede::network_error},
                                    {Fault::tls_untrusted, ede::network_error},
                                    {Fault::protocol, ede::invalid_data},
                                    {Fault::overloaded, ede::not_ready}}) {
    Stub stub(fails(5ms, fault));
    const Client& plain = stub.ask("www.example");
    const Client& edns = stub.ask(with_opt(client_query(question("www.example"))));
    stub.pass(10ms);
    CHECK(plain.rcode() == Rcode::servfail);
    CHECK(!plain.message().index().has_edns);
    CHECK(edns.rcode() == Rcode::servfail);
    REQUIRE(edns.extended_error());
    CHECK(edns.extended_error()->code == code);
    CHECK(edns.extended_error()->text == "as the test wants it");
  }
}

TEST_CASE("A fault's words are cut to what an extended error may hold") {
  Stub stub([](const Message&) { return FakeUpstream::Step{5ms, fail(Fault::protocol, std::string(5000, 'x'))}; });
  const Client& client = stub.ask(with_opt(client_query(question("www.example"))));
  stub.pass(10ms);
  CHECK(client.extended_error()->text.size() == ExtendedError::max_text);
}

TEST_CASE("Nobody waits longer than 4.5 seconds, whenever they joined") {
  Stub stub(silent);
  stub.ask("www.example");
  stub.pass(3s);
  stub.ask("www.example");
  stub.pass(5s);
  CHECK(stub.clients[0].taken == 4300ms);
  CHECK(stub.clients[1].taken <= 4300ms);
  for (const Client& client : stub.clients) CHECK(client.rcode() == Rcode::servfail);
}

TEST_CASE("A failure of ours is not repeated within a second, an upstream's not within three") {
  Stub stub(fails(5ms, Fault::unreachable));
  stub.ask("own.example");
  stub.pass(10ms);
  const Client& again = stub.ask("own.example");
  stub.pass(10ms);
  CHECK(again.rcode() == Rcode::servfail);
  CHECK(stub.upstream.asked.size() == 1);
  stub.pass(1s);
  stub.ask("own.example");
  CHECK(stub.upstream.asked.size() == 2);

  Stub theirs(says(5ms, Rcode::servfail));
  theirs.ask("theirs.example");
  theirs.pass(2s);
  const Client& held = theirs.ask("theirs.example");
  theirs.pass(10ms);
  CHECK(held.rcode() == Rcode::servfail);
  CHECK(theirs.upstream.asked.size() == 1);
  theirs.pass(1s);
  theirs.ask("theirs.example");
  CHECK(theirs.upstream.asked.size() == 2);
}

TEST_CASE("Our own failures are forgotten once an upstream answers or the network changes") {
  Stub stub(fails(5ms, Fault::unreachable));
  stub.ask("a.example");
  stub.pass(10ms);
  stub.upstream.script = answers(5ms);
  stub.ask("b.example");
  stub.pass(10ms);
  const Client& recovered = stub.ask("a.example");
  stub.pass(10ms);
  CHECK(recovered.rcode() == Rcode::noerror);

  stub.upstream.script = fails(5ms, Fault::no_network);
  stub.ask("c.example");
  stub.pass(10ms);
  stub.resolver.forget_failures();
  stub.upstream.script = answers(5ms);
  const Client& back = stub.ask("c.example");
  stub.pass(10ms);
  CHECK(back.rcode() == Rcode::noerror);
}

TEST_CASE("Beyond the limit of pending queries the oldest is told SERVFAIL") {
  Stub stub(answers(100ms), {.pending = 4});
  for (int i = 0; i < 6; ++i) stub.ask(with_opt(client_query(question(std::to_string(i) + ".example"))));
  stub.scheduler.run_ready();
  for (std::size_t i = 0; i < 6; ++i) CHECK(stub.clients[i].reply.has_value() == (i < 2));
  CHECK(stub.clients[0].rcode() == Rcode::servfail);
  CHECK(stub.clients[0].extended_error()->code == ede::not_ready);
  CHECK(stub.metrics.overloaded == 2);
  stub.pass(100ms);
  for (std::size_t i = 2; i < 6; ++i) CHECK(stub.clients[i].rcode() == Rcode::noerror);
}

TEST_CASE("However many names are asked of a silent upstream, what runs is bounded") {
  Stub stub(silent, {.pending = 10});
  for (int i = 0; i < 1000; ++i) {
    stub.ask(std::to_string(i) + ".example");
    stub.pass(1ms);
  }
  CHECK(stub.upstream.asked.size() <= 20);
  CHECK(stub.resolver.pending() <= 10);
  stub.pass(5s);
  for (const Client& client : stub.clients) CHECK(client.rcode() == Rcode::servfail);
  CHECK(stub.metrics.overloaded >= 980);
  CHECK(stub.tasks.size() == 0);
}

TEST_CASE("A client that leaves takes nothing from the others, not even if it came first") {
  Stub stub(answers(100ms));
  {
    TaskGroup leaving;
    stub.ask(client_query(question("www.example")), leaving);
    stub.ask("www.example");
    stub.pass(50ms);
  }
  stub.pass(50ms);
  CHECK(stub.clients[1].rcode() == Rcode::noerror);
  CHECK(!stub.clients[0].reply);
  CHECK(stub.upstream.asked.size() == 1);
  CHECK(stub.ask("www.example").at_once);
}

TEST_CASE("Everything may be cancelled at any moment") {
  for (Duration moment = 0ms; moment < 2500ms; moment += 50ms) {
    Stub stub(answers(5ms, 10));
    stub.ask("old.example");
    stub.pass(20s);
    stub.upstream.script = answers(1s);
    stub.ask("old.example");
    for (int i = 0; i < 5; ++i) stub.ask("new.example");
    stub.pass(moment);
    stub.tasks.cancel();
    CHECK(stub.resolver.pending() == 0);
    stub.pass(10s);
    CHECK(stub.tasks.size() == 0);
  }
}

TEST_CASE("A flight that ends by an exception is told as a failure, and its question can be asked again") {
  bool out_of_memory = true;
  Stub stub([&](const Message& query) {
    if (out_of_memory) throw std::bad_alloc();
    return answers(20ms)(query);
  });
  const Client& told = stub.ask("www.example");
  stub.pass(10ms);
  REQUIRE(told.reply);
  CHECK(told.rcode() == Rcode::servfail);
  CHECK(stub.tasks.escaped_exceptions() == 1);
  out_of_memory = false;
  stub.pass(2s);
  const Client& again = stub.ask("www.example");
  stub.pass(20ms);
  CHECK(again.rcode() == Rcode::noerror);
}
