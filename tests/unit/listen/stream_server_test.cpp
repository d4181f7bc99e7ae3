#include "listen/stream_server.hpp"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "support/manual_clock.hpp"

using namespace std::chrono_literals;
using namespace tacet;

namespace {

using Octets = std::vector<std::uint8_t>;

/// A listening socket without a file, and those who connect to it.
class Listener {
public:
  Listener() : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    sockaddr_un any{.sun_family = AF_UNIX, .sun_path = {}};
    REQUIRE(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&any), sizeof any.sun_family) == 0);
    REQUIRE(::listen(socket_.get(), 16) == 0);
    REQUIRE(::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&name_), &size_) == 0);
  }
  int get() const { return socket_.get(); }
  Descriptor connect() const {
    Descriptor client(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    REQUIRE(::connect(client.get(), reinterpret_cast<const sockaddr*>(&name_), size_) == 0);
    return client;
  }

private:
  Descriptor socket_;
  sockaddr_un name_{};
  socklen_t size_ = sizeof name_;
};

void say(const Descriptor& client, std::string_view text) {
  REQUIRE(::send(client.get(), text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size()));
}

/// What is there to read now.
std::string heard(const Descriptor& client) {
  char buffer[65536];
  const ssize_t size = ::recv(client.get(), buffer, sizeof buffer, 0);
  return size > 0 ? std::string(buffer, static_cast<std::size_t>(size)) : "";
}

bool is_closed(const Descriptor& client) {
  char octet = 0;
  return ::recv(client.get(), &octet, 1, 0) == 0 || (errno != EAGAIN && errno != EINTR);
}

/// Lines in, lines out: "x" is answered by "x!", "wait" when the test says so, "rest" by a pause of five seconds.
class LineSession final : public StreamSession {
public:
  explicit LineSession(StreamClient& client) : client_(client) {}

  void feed(Bytes octets) override { text_.append(octets.begin(), octets.end()); }
  bool partial() const override { return !text_.empty(); }
  bool owes() const override { return waiting > 0; }
  bool takes_more() const override { return waiting < 2; }
  void on_closed() noexcept override { closed = true; }
  Step serve_next(Instant now) override {
    const auto end = text_.find('\n');
    if (end == std::string::npos) return Step::none;
    const std::string line = text_.substr(0, end);
    text_.erase(0, end + 1);
    if (line == "rest") return client_.rest_until(now + 5s), Step::later;
    ++served;
    if (line == "wait")
      ++waiting;
    else
      answer(line);
    return Step::served;
  }
  void answer(const std::string& line) {
    const std::string octets = line == "long" ? std::string(60000, 'l') + "!" : line + "!";
    client_.out().insert(client_.out().end(), octets.begin(), octets.end());
  }

  int waiting = 0, served = 0;
  bool closed = false;

private:
  StreamClient& client_;
  std::string text_;
};

/// Moves one octet at a time, and every other time none.
class NarrowStream final : public ByteStream {
public:
  explicit NarrowStream(Descriptor socket) : plain_(std::move(socket)) {}
  std::expected<std::size_t, StreamStop> read(std::span<std::uint8_t> out) override {
    if ((blocks_ = !blocks_)) return std::unexpected(StreamStop::blocked);
    return plain_.read(out.first(1));
  }
  std::expected<std::size_t, StreamStop> write(Bytes octets) override {
    if ((blocks_ = !blocks_)) return std::unexpected(StreamStop::blocked);
    return plain_.write(octets.first(1));
  }
  int descriptor() const override { return plain_.descriptor(); }
  Descriptor release() override { return plain_.release(); }

private:
  SocketStream plain_;
  bool blocks_ = false;
};

/// Moves nothing in its first reads, as in a handshake, and notes each read as "h".
class GreetingStream final : public ByteStream {
public:
  GreetingStream(Descriptor socket, std::string& events, int steps)
      : plain_(std::move(socket)),
        events_(events),
        steps_(steps) {}
  std::expected<std::size_t, StreamStop> read(std::span<std::uint8_t> out) override {
    events_ += 'h';
    if (steps_ > 0) return --steps_, std::unexpected(StreamStop::blocked);
    return plain_.read(out);
  }
  std::expected<std::size_t, StreamStop> write(Bytes octets) override { return plain_.write(octets); }
  int descriptor() const override { return plain_.descriptor(); }
  Descriptor release() override { return plain_.release(); }

private:
  SocketStream plain_;
  std::string& events_;
  int steps_;
};

struct LineService final : StreamService {
  bool admits(const KernelAddress&) override { return welcome; }
  std::unique_ptr<ByteStream> stream_of(Descriptor socket) override {
    if (narrow) return std::make_unique<NarrowStream>(std::move(socket));
    if (greeting) return std::make_unique<GreetingStream>(std::move(socket), events, steps);
    return StreamService::stream_of(std::move(socket));
  }
  std::unique_ptr<StreamSession> open(StreamClient& client) override {
    auto session = std::make_unique<LineSession>(client);
    sessions.push_back(session.get());
    clients.push_back(client.shared_from_this());
    return session;
  }

  bool welcome = true, narrow = false, greeting = false;
  std::string events;                  // of GreetingStreams
  int steps = 2;                       // of theirs
  std::vector<LineSession*> sessions;  // in the order of their coming; what is in `clients` lives
  std::vector<std::shared_ptr<StreamClient>> clients;
};

struct Fixture {
  explicit Fixture(StreamLimits limits = {.idle = 10s, .partial = 5s})
      : server({loop, listener.get(), service, limits, 3}) {}

  ManualClock clock;
  Loop loop{clock};
  Listener listener;
  LineService service;
  StreamServer server;

  /// Lets everything happen that can without time passing: every turn that is due comes before one that is posted now.
  void settle() {
    for (int turn = 0; turn < 400; ++turn) {
      loop.post([this] { loop.stop(); });
      loop.run();
    }
  }
  void pass(Duration time) {
    clock.advance(time);
    settle();
  }
  /// Time passes as when newcomers wait, who are looked for every now and then.
  void crowd(Duration time) {
    for (Duration passed{}; passed < time; passed += 50ms) pass(50ms);
  }
  Descriptor connect() {
    auto client = listener.connect();
    settle();
    return client;
  }
  std::string ask(const Descriptor& client, std::string_view text) {
    say(client, text);
    settle();
    return heard(client);
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "requests are served in order, however the stream is cut") {
  const auto client = connect();
  CHECK(ask(client, "a\nb\n") == "a!b!");
  CHECK(ask(client, "c").empty());
  CHECK(ask(client, "\nd") == "c!");
}

TEST_CASE_FIXTURE(Fixture, "a stream that moves little at a time, and not always, carries the same") {
  service.narrow = true;
  const auto client = connect();
  CHECK(ask(client, "one\ntwo\n") == "one!two!");
  ::shutdown(client.get(), SHUT_WR);
  settle();
  CHECK(is_closed(client));
}

TEST_CASE_FIXTURE(Fixture, "who is not admitted is let go without a word") {
  service.welcome = false;
  CHECK(is_closed(connect()));
  CHECK(service.sessions.empty());
}

TEST_CASE_FIXTURE(Fixture, "one more than the limit takes the place of the longest idle") {
  const auto first = connect(), second = connect(), third = connect();
  for (const auto* client : {&second, &third, &first}) CHECK(ask(*client, "a\n") == "a!");
  const auto newcomer = connect();
  CHECK(is_closed(second));
  for (const auto* client : {&first, &third, &newcomer}) CHECK(ask(*client, "b\n") == "b!");
}

TEST_CASE_FIXTURE(Fixture, "a client that waits for an answer keeps its place as long as another does not") {
  const auto first = connect(), second = connect(), third = connect();
  CHECK(ask(first, "wait\n").empty());
  CHECK(ask(second, "a\n") == "a!");
  CHECK(ask(third, "a\n") == "a!");
  pass(2s);
  const auto newcomer = connect();
  CHECK(is_closed(second));
  CHECK_FALSE(is_closed(first));
}

TEST_CASE_FIXTURE(Fixture, "of many that come at once, those beyond the limit wait until others have their answers") {
  std::vector<Descriptor> clients;
  for (int count = 0; count < 6; ++count) {
    clients.push_back(listener.connect());
    say(clients.back(), "wait\n");
  }
  settle();
  CHECK(service.sessions.size() == 3);
  for (std::size_t served = 0; served < 6; ++served) {
    REQUIRE(service.sessions.size() > served);
    --service.sessions[served]->waiting;
    service.sessions[served]->answer("late");
    service.clients[served]->go_on();
    CHECK(heard(clients[served]) == "late!");
    pass(10ms);
  }
}

TEST_CASE_FIXTURE(Fixture,
                  "who says nothing keeps a place for two seconds at first, and not for long when others wait on") {
  std::vector<Descriptor> clients;
  for (int count = 0; count < 7; ++count) clients.push_back(connect());
  crowd(1900ms);
  CHECK(service.sessions.size() == 3);
  CHECK(std::ranges::none_of(clients, is_closed));
  crowd(100ms);
  CHECK(service.sessions.size() == 6);
  CHECK(std::ranges::count_if(clients, is_closed) == 3);
  crowd(50ms);
  CHECK(service.sessions.size() == 6);
  crowd(50ms);
  CHECK(service.sessions.size() == 7);
  CHECK(ask(clients[6], "a\n") == "a!");
  pass(2s);                                          // nobody waits
  const auto next = connect(), another = connect();  // one place is at rest, two are silent for long
  CHECK(service.sessions.size() == 9);
  const auto third = connect(), newcomer = connect();
  CHECK(service.sessions.size() == 10);
  crowd(1900ms);
  CHECK(service.sessions.size() == 10);
}

TEST_CASE_FIXTURE(Fixture,
                  "who asks keeps a place for longer, but neither octets that drip in nor requests give more time") {
  const auto waits = connect(), drips = connect(), asks_on = connect();
  CHECK(ask(waits, "wait\n").empty());
  CHECK(ask(asks_on, "wait\n").empty());
  std::vector<Descriptor> newcomers;
  for (int count = 0; count < 4; ++count) newcomers.push_back(connect());
  for (int count = 0; count < 19; ++count) {
    CHECK(ask(drips, "x").empty());
    CHECK(ask(asks_on, "a\n") == "a!");
    crowd(100ms);
  }
  CHECK(service.sessions.size() == 3);
  crowd(100ms);
  CHECK(service.sessions.size() == 6);
  for (const auto* client : {&waits, &drips, &asks_on}) CHECK(is_closed(*client));
  for (int place = 0; place < 3; ++place) CHECK(ask(newcomers[static_cast<std::size_t>(place)], "wait\n").empty());
  crowd(900ms);
  CHECK(service.sessions.size() == 6);
  crowd(100ms);
  CHECK(service.sessions.size() == 7);
}

TEST_CASE_FIXTURE(Fixture, "a client is let go when it is idle for too long, and sooner with half a request") {
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
  Fixture fixture({.idle = 10s, .partial = 10s, .whole = 10s});
  const auto client = fixture.connect();
  for (int i = 0; i < 3; ++i) {
    fixture.pass(3s);
    CHECK(fixture.ask(client, "x").empty());
  }
  CHECK_FALSE(is_closed(client));
  fixture.pass(2s);
  CHECK(is_closed(client));
}

TEST_CASE_FIXTURE(Fixture, "a client that does not read is not read from, loses nothing, and is let go in the end") {
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

TEST_CASE_FIXTURE(Fixture, "a client that has its answers keeps no large buffer") {
  const auto client = connect();
  CHECK(ask(client, "long\nlong\nlong\n").size() > 60000);
  while (!heard(client).empty()) settle();
  CHECK(service.clients[0]->out().capacity() < 5000);
}

TEST_CASE_FIXTURE(Fixture, "a client that asks without end does not keep others from being served") {
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

TEST_CASE_FIXTURE(Fixture, "a client with as many requests waiting as it may is read from when one is answered") {
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
  Fixture world({.idle = 10s, .partial = 5s, .greeting = 5s});
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

TEST_CASE("a step of a handshake keeps its place for a while, but not one that has too many") {
  for (const auto& [steps, later, is_kept] : {std::tuple{2, 50ms, true}, {1'000'000, 2000ms, false}}) {
    CAPTURE(steps);
    Fixture world({.idle = 10s, .partial = 5s, .greeting = 5s});
    world.service.greeting = true;
    world.service.steps = steps;
    const auto greeting = world.connect();
    world.pass(1990ms);
    say(greeting, "a");
    world.settle();
    const auto silent = world.connect(), other = world.connect(), newcomer = world.connect();
    world.crowd(later);
    CHECK(is_closed(greeting) != is_kept);
  }
}

TEST_CASE_FIXTURE(Fixture, "a client that rests is served again when its time has come, and is not idle meanwhile") {
  const auto client = connect();
  CHECK(ask(client, "a\nrest\nb\n") == "a!");
  CHECK(service.clients[0]->busy());
  CHECK(ask(client, "c\n").empty());
  pass(6s);
  CHECK(heard(client) == "b!c!");
  CHECK_FALSE(service.clients[0]->busy());
}

TEST_CASE_FIXTURE(Fixture, "a client that sends no more gets the answers that it waits for") {
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

TEST_CASE_FIXTURE(Fixture, "with a lower limit the idle go at once, and others when they have their answers") {
  const auto first = connect(), second = connect(), third = connect();
  CHECK(ask(first, "wait\n").empty());
  CHECK(ask(third, "wait\n").empty());
  server.set_most_clients(1);
  CHECK(is_closed(second));
  CHECK_FALSE(is_closed(first));
  CHECK_FALSE(is_closed(third));
  --service.sessions[0]->waiting;
  service.sessions[0]->answer("late");
  service.clients[0]->go_on();
  CHECK(heard(first) == "late!");
  CHECK(is_closed(first));
  CHECK(ask(third, "wait\n").empty());
  CHECK(service.sessions[2]->served == 2);
}

TEST_CASE_FIXTURE(Fixture, "whoever stops accepts nobody and finishes everybody") {
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

TEST_CASE_FIXTURE(Fixture, "who is let go reads its answers and an end, though it has sent more than was read") {
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

TEST_CASE_FIXTURE(Fixture, "a session that ends by an exception ends its own connection only") {
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
