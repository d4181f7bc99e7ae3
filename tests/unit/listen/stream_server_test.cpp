#include <algorithm>
#include <optional>

#include "unit/listen/stream_server_fixture.hpp"

using namespace tacet;
using namespace tacet::fixture;

TEST_CASE_FIXTURE(LineServer, "requests are served in order, however the stream is cut") {
  const auto client = connect();
  CHECK(ask(client, "a\nb\n") == "a!b!");
  CHECK(ask(client, "c").empty());
  CHECK(ask(client, "\nd") == "c!");
}

TEST_CASE_FIXTURE(LineServer, "a stream that moves little at a time, and not always, carries the same") {
  service.narrow = true;
  const auto client = connect();
  CHECK(ask(client, "one\ntwo\n") == "one!two!");
  ::shutdown(client.get(), SHUT_WR);
  settle();
  CHECK(is_closed(client));
}

TEST_CASE_FIXTURE(LineServer, "a client is let go when it is idle for too long, and sooner with half a request") {
  const auto silent = connect(), half = connect(), asking = connect();
  CHECK(ask(half, "ha").empty());
  pass(6s);
  CHECK(is_closed(half));
  CHECK_FALSE(is_closed(silent));
  CHECK(ask(asking, "a\n") == "a!");
  pass(5s);
  CHECK(is_closed(silent));
  CHECK(ask(asking, "b\n") == "b!");
  CHECK(service.sessions[0]->closed);
  CHECK_FALSE(service.sessions[2]->closed);
}

TEST_CASE("a client that has a time for everything does not get more by sending an octet now and then") {
  LineServer fixture({.idle = 10s, .partial = 10s, .whole = 10s});
  const auto client = fixture.connect();
  for (int i = 0; i < 3; ++i) {
    fixture.pass(3s);
    CHECK(fixture.ask(client, "x").empty());
  }
  CHECK_FALSE(is_closed(client));
  fixture.pass(2s);
  CHECK(is_closed(client));
}

TEST_CASE_FIXTURE(LineServer, "a client that does not read is not read from, loses nothing, and is let go in the end") {
  const auto reader = connect(), lazy = connect();
  std::string requests;
  for (int i = 0; i < 200; ++i) requests += "long\n";
  for (const auto* client : {&reader, &lazy}) CHECK(::send(client->get(), requests.data(), requests.size(), 0) > 0);
  settle();
  CHECK(service.sessions[1]->served < 100);
  CHECK(service.clients[1]->out().size() < 200000);
  std::size_t size = 0;
  for (int i = 0; i < 2000 && size < 200 * 60001; ++i) {
    size += heard(reader).size();
    loop.post([this] { loop.stop(); });
    loop.run();
  }
  CHECK(size == 200 * 60001);
  pass(11s);
  CHECK_FALSE(service.clients[1]->is_open());
}

TEST_CASE_FIXTURE(LineServer, "a client that has its answers keeps no large buffer") {
  const auto client = connect();
  CHECK(ask(client, "long\nlong\nlong\n").size() > 60000);
  while (!heard(client).empty()) settle();
  CHECK(service.clients[0]->out().capacity() < 5000);
}

TEST_CASE_FIXTURE(LineServer, "a client that asks without end does not keep others from being served") {
  const auto greedy = connect(), other = connect();
  std::string requests;
  for (int i = 0; i < 1000; ++i) requests += "a\n";
  say(greedy, requests);
  say(other, "b\n");
  for (int turn = 0; turn < 4; ++turn) {
    loop.post([this] { loop.stop(); });
    loop.run();
  }
  CHECK(heard(other) == "b!");
  CHECK(service.sessions[0]->served < 1000);
  settle();
  CHECK(service.sessions[0]->served == 1000);
}

TEST_CASE_FIXTURE(LineServer, "a client with as many requests waiting as it may is read from when one is answered") {
  const auto client = connect();
  CHECK(ask(client, "wait\nwait\na\n").empty());
  LineSession& session = *service.sessions[0];
  CHECK(session.served == 2);
  --session.waiting;
  session.answer("late");
  service.clients[0]->go_on();
  settle();
  CHECK(heard(client) == "late!a!");
}

TEST_CASE("other events have their turns between the steps of many handshakes") {
  LineServer world({.idle = 10s, .partial = 5s, .greeting = 5s});
  world.service.greeting = true;
  std::vector<Descriptor> clients;
  for (int count = 0; count < 3; ++count) clients.push_back(world.connect());
  for (const Descriptor& client : clients) say(client, "a\n");
  std::string& events = world.service.events;
  std::optional<AsyncCall> other;
  other.emplace(world.loop, [&] {
    events += '.';
    other->post();
  });
  other->post();
  world.settle();
  other.reset();
  CHECK(std::ranges::count(events, 'h') == 3 * 3);
  INFO(events);
  CHECK(!events.contains("hh"));
  for (const Descriptor& client : clients) CHECK(heard(client) == "a!");
}

TEST_CASE_FIXTURE(LineServer, "a client that rests is served again when its time has come, and is not idle meanwhile") {
  const auto client = connect();
  CHECK(ask(client, "a\nrest\nb\n") == "a!");
  CHECK(service.clients[0]->busy());
  CHECK(ask(client, "c\n").empty());
  pass(6s);
  CHECK(heard(client) == "b!c!");
  CHECK_FALSE(service.clients[0]->busy());
}

TEST_CASE_FIXTURE(LineServer, "a client that sends no more gets the answers that it waits for") {
  const auto client = connect();
  CHECK(ask(client, "wait\n").empty());
  ::shutdown(client.get(), SHUT_WR);
  settle();
  CHECK_FALSE(is_closed(client));
  --service.sessions[0]->waiting;
  service.sessions[0]->answer("late");
  service.clients[0]->go_on();
  CHECK(heard(client) == "late!");
  CHECK(is_closed(client));
}

TEST_CASE_FIXTURE(LineServer, "whoever stops accepts nobody and finishes everybody") {
  const auto idle = connect(), waiting = connect();
  CHECK(ask(waiting, "wait\n").empty());
  server.stop();
  CHECK(is_closed(idle));
  CHECK_FALSE(is_closed(waiting));
  CHECK(ask(connect(), "a\n").empty());
  CHECK(service.sessions.size() == 2);
  CHECK(server.has_clients());
  --service.sessions[1]->waiting;
  service.sessions[1]->answer("late");
  service.clients[1]->go_on();
  CHECK(heard(waiting) == "late!");
  CHECK_FALSE(server.has_clients());
}

TEST_CASE_FIXTURE(LineServer,
                  "a client that is let go reads its answers and an end, though it has sent more than was read") {
  const auto client = connect();
  CHECK(ask(client, "wait\nwait\n").empty());
  CHECK(ask(client, "more\n").empty());
  server.stop();
  service.sessions[0]->waiting = 0;
  service.sessions[0]->answer("late");
  service.clients[0]->go_on();
  CHECK_FALSE(server.has_clients());
  CHECK(ask(client, "more\n") == "late!");
  char octet = 0;
  CHECK(::recv(client.get(), &octet, 1, 0) == 0);
}

TEST_CASE_FIXTURE(LineServer, "a session that ends by an exception ends its own connection only") {
  struct Failing final : StreamSession {
    void feed(Bytes) override {}
    bool partial() const override { return false; }
    Step serve_next(Instant) override { throw std::bad_alloc(); }
  };
  const auto first = connect(), second = connect();
  service.clients[0]->start(std::make_unique<Failing>(), {.idle = 10s, .partial = 5s});
  CHECK(ask(first, "a\n").empty());
  CHECK(is_closed(first));
  CHECK(ask(second, "a\n") == "a!");
}
