#include "transport/dot.hpp"

#include <doctest/doctest.h>
#include <sys/socket.h>

#include <functional>
#include <map>

#include "base/clock.hpp"
#include "dns/edns.hpp"
#include "dns/wire.hpp"
#include "support/tls_peer.hpp"
#include "transport/framing.hpp"

using namespace std::chrono_literals;
using namespace tacet;

namespace {

using Octets = std::vector<std::uint8_t>;

Message query_for(std::string_view name) {
  return upstream_query({Name::from_text(name).value(), Type::a, Class::in}, false, false);
}

/// The query's own octets with QR set.
Octets answer_to(Bytes query) {
  Octets answer(query.begin(), query.end());
  answer[2] |= 0x80;
  return answer;
}

/// The same with one EDNS option in place of the padding.
Octets answer_with_option(Bytes query, std::uint16_t code, const Octets& value) {
  Octets answer = answer_to(query);
  answer.resize(index_message(answer).value().edns.begins + opt_head_size);
  const auto put16 = [&](std::size_t number) {
    answer.push_back(static_cast<std::uint8_t>(number >> 8));
    answer.push_back(static_cast<std::uint8_t>(number));
  };
  store16(answer, answer.size() - 2, static_cast<std::uint16_t>(4 + value.size()));
  put16(code);
  put16(value.size());
  answer.insert(answer.end(), value.begin(), value.end());
  return answer;
}

/// A server on the other end of a socket pair, driven by the same loop.
class Server {
public:
  Server(Loop& loop, TestTlsServer& tls, Descriptor socket)
      : peer_(tls),
        socket_(std::move(socket)),
        watch_(loop, socket_.get(), [this](Watch::Ready ready) { ready == Watch::Ready::read ? read() : write(); }) {
    watch_.want_read(true);
  }

  std::function<void(Bytes query)> on_query = [this](Bytes query) { answer(answer_to(query)); };
  std::size_t queries = 0, reads_with_queries = 0;

  void answer(Bytes message) {
    Octets framed;
    append_frame(framed, message);
    raw(framed);
  }
  void raw(Bytes plain) {
    peer_.send(plain);
    write();
  }
  void say_goodbye() {
    peer_.close();
    write();
  }
  void hang_up() { ::shutdown(socket_.get(), SHUT_RDWR); }
  /// Reads what is left and tells whether a close_notify was there.
  bool goodbye_heard() {
    read();
    return (SSL_get_shutdown(peer_.get()) & SSL_RECEIVED_SHUTDOWN) != 0;
  }
  void garble() { static_cast<void>(::send(socket_.get(), "no TLS at all", 13, MSG_NOSIGNAL)); }

private:
  void read() {
    Octets octets(65536);
    const ssize_t count = ::recv(socket_.get(), octets.data(), octets.size(), 0);
    if (count <= 0) return watch_.want_read(false);
    const Octets plain = peer_.receive({octets.data(), static_cast<std::size_t>(count)});
    frames_.feed(plain);
    if (!plain.empty()) ++reads_with_queries;
    while (const std::optional<Bytes> query = frames_.next()) {
      ++queries;
      const Octets kept(query->begin(), query->end());
      on_query(kept);
    }
    write();
  }
  void write() {
    const Octets more = peer_.take();
    out_.insert(out_.end(), more.begin(), more.end());
    while (!out_.empty()) {
      const ssize_t count = ::send(socket_.get(), out_.data(), out_.size(), MSG_NOSIGNAL);
      if (count <= 0) break;
      out_.erase(out_.begin(), out_.begin() + count);
    }
    watch_.want_write(!out_.empty());
  }

  TestTlsPeer peer_;
  Descriptor socket_;
  Watch watch_;
  FrameReader frames_;
  Octets out_;
};

/// A connection, its server and what its owner was told; `then` runs after each event.
struct Bench : Connection::Owner {
  SystemClock clock;
  Loop loop{clock};
  TestAuthority authority;
  TestTlsServer tls_server;
  TlsClient client;
  SocketBudget budget{loop.scheduler(), 1};
  std::optional<Server> server;
  std::unique_ptr<DotConnection> connection;
  Alarm guard{loop.scheduler(), [this] {
                FAIL_CHECK("nothing happened for 10 s");
                loop.stop();
              }};

  std::map<Tag, Result<Message>> answers;
  std::optional<Error> closed;
  int established = 0, received = 0;
  std::function<void()> then = [] {};

  explicit Bench(const char* names = "DNS:dns.test")
      : tls_server(authority.issue(names)),
        client({"dns.test", false, Sni::send}, TrustStore::load(authority.file()).value()) {
    int fds[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0);
    server.emplace(loop, tls_server, Descriptor(fds[1]));
    REQUIRE(budget.take());
    ConnectedSocket socket(Descriptor{fds[0]}, {"127.0.0.1", 853}, budget);
    connection = std::make_unique<DotConnection>(loop, std::move(socket), client, *this);
    guard.arm(loop.now() + 10s);
  }

  void on_established() override {
    ++established;
    CHECK(answers.empty());
    then();
  }
  void on_received() override {
    ++received;
    then();
  }
  void on_answer(Tag tag, Result<Message> answer) override {
    CHECK(answers.emplace(tag, std::move(answer)).second);
    then();
  }
  void on_closed(Error why) override {
    CHECK_FALSE(closed);
    closed = std::move(why);
    then();
  }
  void run_until(std::function<bool()> enough) {
    then = [this, enough = std::move(enough)] {
      if (enough()) loop.stop();
    };
    loop.run();
  }
};

}  // namespace

TEST_CASE("a query sent before the handshake is answered after it") {
  Bench bench;
  const Message query = query_for("www.Example.test");
  bench.connection->send(7, query);
  bench.run_until([&] { return bench.answers.size() == 1; });
  CHECK(bench.established == 1);
  CHECK(bench.received > 1);
  REQUIRE(bench.answers.at(7));
  CHECK(bench.answers.at(7)->question() == query.question());
  const ConnectionFacts& facts = *bench.connection->facts();
  CHECK(facts.transport == Transport::dot);
  CHECK(facts.address == "127.0.0.1:853");
  CHECK(facts.verified == "dns.test");
  CHECK(facts.tls_version == "TLSv1.3");
  CHECK_FALSE(bench.closed);
}

TEST_CASE("queries of one turn leave together, and answers find them in any order") {
  Bench bench;
  std::vector<Octets> held;
  bench.server->on_query = [&](Bytes query) {
    held.emplace_back(query.begin(), query.end());
    if (held.size() < 200) return;
    for (; !held.empty(); held.pop_back()) bench.server->answer(answer_to(held.back()));
  };
  for (Tag tag = 0; tag < 200; ++tag) bench.connection->send(tag, query_for("n" + std::to_string(tag) + ".test"));
  bench.run_until([&] { return bench.answers.size() == 200; });
  CHECK(bench.server->reads_with_queries <= 2);
  for (const auto& [tag, answer] : bench.answers) {
    REQUIRE(answer);
    CHECK(answer->question() == query_for("N" + std::to_string(tag) + ".TEST").question());
  }
}

TEST_CASE("large answers arrive whole though the socket takes them in pieces") {
  Bench bench;
  bench.server->on_query = [&](Bytes query) {
    const std::size_t head = answer_with_option(query, option::padding, {}).size();
    bench.server->answer(answer_with_option(query, option::padding, Octets(65535 - head)));
  };
  for (Tag tag = 0; tag < 20; ++tag) bench.connection->send(tag, query_for("large.test"));
  bench.run_until([&] { return bench.answers.size() == 20; });
  for (const auto& [tag, answer] : bench.answers) {
    REQUIRE(answer);
    CHECK(answer->wire().size() == 65535);
  }
}

TEST_CASE("more queries than the socket takes are written when it has room") {
  Bench bench;
  for (Tag tag = 0; tag < 5000; ++tag) bench.connection->send(tag, query_for("many.test"));
  bench.run_until([&] { return bench.answers.size() == 5000; });
  CHECK(bench.server->queries == 5000);
}

TEST_CASE(
    "what does not belong to a query is reported as such, octets behind an answer are not, and the connection goes "
    "on") {
  Bench bench;
  bench.server->on_query = [&](Bytes query) {
    Octets answer = answer_to(query);
    const Question question = Message::parse(answer).value().question();
    const std::string name = question.name.to_string();
    if (name == "id.test.") {
      answer[0] ^= 0x55;
      bench.server->answer(answer);
      bench.server->answer(Octets{});
      bench.server->answer(Octets{1});
    }
    if (name == "question.test.") answer[header_size + 1] = 'x';
    if (name == "type.test.") answer[header_size + question.name.wire().size() + 1] = 28;
    if (name == "query.test.") answer[2] &= 0x7F;
    if (name == "opcode.test.") answer[2] |= 0x28;  // UPDATE
    if (name == "bare.test.") {
      answer.resize(header_size);
      answer[3] = static_cast<std::uint8_t>(Rcode::refused);
    }
    if (name == "void.test.") answer[2] |= 0x02;  // TC, and no records
    if (name == "short.test.") answer.resize(header_size);
    if (name == "longer.test.") answer.push_back(0);
    if (name == "case.test.") answer[header_size + 1] = 'C';
    if (name != "id.test.") bench.server->answer(answer);
  };
  Tag tag = 0;
  for (const char* name : {"id.test", "question.test", "type.test", "query.test", "short.test", "longer.test",
                           "case.test", "opcode.test", "bare.test", "void.test"})
    bench.connection->send(tag++, query_for(name));
  bench.run_until([&] { return bench.answers.contains(9); });
  CHECK(bench.answers.size() == 9);
  CHECK(bench.answers.at(1).error().fault == Fault::mismatched);
  CHECK(bench.answers.at(2).error().fault == Fault::mismatched);
  CHECK(bench.answers.at(3).error().fault == Fault::mismatched);
  CHECK(bench.answers.at(4).error().fault == Fault::mismatched);
  CHECK(bench.answers.at(5));
  CHECK(bench.answers.at(6));
  CHECK(bench.answers.at(7).error().fault == Fault::mismatched);
  REQUIRE(bench.answers.at(8));
  CHECK(bench.answers.at(8)->rcode() == Rcode::refused);
  CHECK(bench.answers.at(9).error().fault == Fault::protocol);
  CHECK_FALSE(bench.closed);
}

TEST_CASE(
    "a server that only sends what nobody asked for loses its connection; answers in between make good for strays") {
  Bench bench;
  bool floods = false;
  bench.server->on_query = [&](Bytes query) {
    for (int i = 0; i < (floods ? 1000 : 200); ++i) bench.server->answer(Octets{});
    if (!floods) bench.server->answer(answer_to(query));
  };
  for (Tag tag = 0; tag < 5; ++tag) {
    bench.connection->send(tag, query_for("some.test"));
    bench.run_until([&] { return bench.answers.contains(tag); });
  }
  CHECK_FALSE(bench.closed);
  floods = true;
  bench.connection->send(5, query_for("flood.test"));
  bench.run_until([&] { return bench.closed.has_value(); });
  CHECK(bench.closed->fault == Fault::protocol);
  CHECK_FALSE(bench.answers.contains(5));
}

TEST_CASE("an ID is not used twice while it is out, and IDs do not count up") {
  Bench bench;
  std::map<std::uint16_t, int> ids;
  std::uint16_t before = 0;
  std::size_t steps = 0;
  bench.server->on_query = [&](Bytes query) {
    const std::uint16_t id = load16(query, 0);
    if (id == before + 1) ++steps;
    before = id;
    if (++ids[id]; ids.size() == 3000) bench.server->say_goodbye();
  };
  for (Tag tag = 0; tag < 3000; ++tag) bench.connection->send(tag, query_for("ids.test"));
  bench.run_until([&] { return bench.closed.has_value(); });
  CHECK(ids.size() == 3000);
  CHECK(steps < 10);
}

TEST_CASE("the server's word on idle connections is kept") {
  Bench bench;
  CHECK_FALSE(bench.connection->idle_limit());
  bench.server->on_query = [&](Bytes query) {
    bench.server->answer(answer_with_option(query, option::tcp_keepalive, {0, 50}));
  };
  bench.connection->send(1, query_for("idle.test"));
  bench.run_until([&] { return bench.answers.size() == 1; });
  CHECK(bench.connection->idle_limit() == Duration(5s));
}

TEST_CASE("an end is told by its kind, after the answers that came before it") {
  Bench bench;
  Fault expected = Fault::cancelled;
  std::size_t answers = 1;
  SUBCASE("close_notify") {
    bench.server->on_query = [&](Bytes query) {
      bench.server->answer(answer_to(query));
      bench.server->say_goodbye();
    };
  }
  SUBCASE("end of the stream") {
    bench.server->on_query = [&](Bytes query) {
      bench.server->answer(answer_to(query));
      bench.server->hang_up();
    };
  }
  SUBCASE("garbage") {
    expected = Fault::protocol;
    bench.server->on_query = [&](Bytes query) {
      bench.server->answer(answer_to(query));
      bench.server->garble();
    };
  }
  SUBCASE("end of the stream in the handshake") {
    expected = Fault::unreachable;
    answers = 0;
    bench.server->hang_up();
  }
  bench.connection->send(1, query_for("last.test"));
  bench.run_until([&] { return bench.closed.has_value(); });
  CHECK(bench.closed->fault == expected);
  CHECK(bench.answers.size() == answers);
}

TEST_CASE("a server that is not who it should be gets no query") {
  Bench bench("DNS:other.test");
  bench.connection->send(1, query_for("secret.test"));
  bench.run_until([&] { return bench.closed.has_value(); });
  CHECK(bench.closed->fault == Fault::tls_untrusted);
  CHECK(bench.closed->detail ==
        "certificate of 127.0.0.1:853 is not valid for the name dns.test (it is for other.test)");
  CHECK(bench.established == 0);
  CHECK(bench.server->queries == 0);
}

TEST_CASE("the connection may be destroyed inside any callback") {
  Bench bench;
  int when = 0;
  SUBCASE("the first octets") {}
  SUBCASE("established") { when = 1; }
  SUBCASE("an answer") { when = 2; }
  SUBCASE("the end") { when = 3; }
  bench.server->on_query = [&](Bytes query) {
    bench.server->answer(answer_to(query));
    if (bench.server->queries == 2) bench.server->say_goodbye();
  };
  bench.connection->send(1, query_for("one.test"));
  bench.connection->send(2, query_for("two.test"));
  bench.run_until([&] {
    const bool now = when == 0 || (when == 1 && bench.established > 0) || (when == 2 && !bench.answers.empty()) ||
                     (when == 3 && bench.closed);
    if (now) bench.connection.reset();
    return now;
  });
  CHECK(bench.answers.size() == (when == 3 ? 2 : when == 2 ? 1 : 0));
  CHECK(bench.budget.used() == 0);
}

TEST_CASE("closing says goodbye, so that the server is not left with half a connection") {
  Bench bench;
  bench.connection->send(1, query_for("bye.test"));
  bench.run_until([&] {
    if (bench.answers.size() == 1) {
      bench.connection->close();
      bench.connection.reset();
    }
    return bench.answers.size() == 1;
  });
  CHECK(bench.server->goodbye_heard());
}
