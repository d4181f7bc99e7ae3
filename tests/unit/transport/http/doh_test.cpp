#include "transport/http/doh.hpp"

#include <doctest/doctest.h>
#include <poll.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dns/edns.hpp"
#include "support/h2_peer.hpp"

using namespace tacet;

namespace {

using Octets = std::vector<std::uint8_t>;

Message query_for(const char* name, Type type = Type::a) {
  return upstream_query({.name = *Name::from_text(name), .type = type}, false, false);
}

/// The query with QR set: an answer without records.
Octets answer_to(const Message& query) {
  Octets wire(query.wire().begin(), query.wire().end());
  wire[2] |= 0x80;
  return wire;
}

const Message www = query_for("www.example.com");
constexpr const char* dns_type = "application/dns-message";
constexpr std::string_view internal_error("\0\0\0\x02", 4);

/// The machine's time and what a test adds to it.
class HurriedClock final : public Clock {
public:
  Instant now() const override { return clock_.now() + ahead; }
  Duration asleep() const override { return clock_.asleep(); }
  WallTime wall_time() const override { return clock_.wall_time(); }
  Duration ahead{};

private:
  SystemClock clock_;
};

/// A DoH connection to a server of ours, and what it told.
class Bench final : public Connection::Owner {
public:
  explicit Bench(TestH2Server::OnRequest on_request, const char* certificate = "DNS:dns.test",
                 const char* protocol = "h2")
      : server(loop, authority.issue(certificate), protocol, std::move(on_request)),
        tls({.host = "dns.test"}, *TrustStore::load(authority.file())) {
    connect();
  }

  void connect() {
    UpstreamConfig upstream;
    upstream.host = "dns.test";
    upstream.port = server.address().port;
    upstream.path = "/dns-query";
    Descriptor socket = *begin_connect(*kernel_address(server.address()));
    pollfd writable{.fd = socket.get(), .events = POLLOUT, .revents = 0};
    REQUIRE(::poll(&writable, 1, 5000) == 1);
    REQUIRE(finish_connect(socket.get()));
    REQUIRE(budget.take());
    connection = std::make_unique<DohConnection>(loop, ConnectedSocket(std::move(socket), server.address(), budget),
                                                 upstream, DohShared{tls, method_state}, *this);
  }

  void on_established() override { tell("established"); }
  void on_received() override { ++received; }
  void on_answer(Tag tag, Result<Message> answer) override {
    const std::string word = answer ? "answer" : std::string(to_string(answer.error().fault));
    if (!answer) detail = answer.error().detail;
    tell(word + " " + std::to_string(tag));
    if (++answers == stop_after) loop.stop();
  }
  void on_closed(Error why) override {
    detail = why.detail;
    tell("closed " + std::string(to_string(why.fault)));
    loop.stop();
  }

  /// Makes so much time pass at once, and runs what is due.
  void pass(Duration time) {
    clock.ahead += time;
    Alarm end(loop.scheduler(), [this] { loop.stop(); });
    end.arm(loop.now() + std::chrono::milliseconds(1));
    loop.run();
  }

  HurriedClock clock;
  Loop loop{clock};
  TestAuthority authority;
  SocketBudget budget{loop.scheduler(), 8};
  TestH2Server server;
  TlsClient tls;
  DohMethodState method_state;
  std::unique_ptr<DohConnection> connection;
  std::string told;  ///< word by word, with a comma between
  std::string detail;
  int answers = 0, stop_after = 1, received = 0;
  bool destroys = false;  // the connection, in whatever it is told

private:
  void tell(const std::string& word) {
    told += (told.empty() ? "" : ", ") + word;
    if (!destroys) return;
    connection.reset();
    loop.stop();
  }
};

/// What a first query hears if it is responded to so.
std::string heard(std::string_view status, std::string_view type, const Octets& body, std::string* detail = nullptr) {
  Bench bench([&](TestH2Connection& peer, std::uint32_t stream) { peer.respond(stream, status, type, body); });
  bench.connection->send(7, www);
  CHECK(bench.told.empty());  // nothing from inside send()
  bench.loop.run();
  CHECK(bench.received > 0);
  if (detail != nullptr) *detail = bench.detail;
  return bench.told;
}

}  // namespace

TEST_CASE("a query is answered, and the connection says what it has shown and proved") {
  Bench bench(
      [](TestH2Connection& peer, std::uint32_t stream) { peer.respond(stream, "200", dns_type, answer_to(www)); });
  bench.connection->send(7, www);
  bench.loop.run();
  CHECK(bench.told == "established, answer 7");
  const auto facts = bench.connection->facts();
  CHECK(facts->transport == Transport::doh);
  CHECK(facts->address == to_string(bench.server.address()));
  CHECK(facts->sni == "dns.test");
  CHECK(facts->verified == "dns.test");
  CHECK(facts->tls_version == "TLSv1.3");
  CHECK_FALSE(facts->resumed);
}

TEST_CASE("an answer must be the answer to its query") {
  CHECK(heard("200", dns_type, answer_to(query_for("WWW.eXample.com"))) == "established, answer 7");
  CHECK(heard("200", "Application/DNS-Message; charset=x", answer_to(www)) == "established, answer 7");
  CHECK(heard("200", dns_type, answer_to(query_for("mail.example.com"))) == "established, mismatched 7");
  CHECK(heard("200", dns_type, answer_to(query_for("www.example.com", Type::aaaa))) == "established, mismatched 7");
  CHECK(heard("200", dns_type, Octets(www.wire().begin(), www.wire().end())) == "established, mismatched 7");
  Octets cut = answer_to(www);
  cut.pop_back();
  CHECK(heard("200", dns_type, cut) == "established, malformed 7");
  CHECK(heard("200", dns_type, {}) == "established, malformed 7");
}

TEST_CASE("types that differ only in the bit that makes letters small are different questions") {
  Bench bench([](TestH2Connection& peer, std::uint32_t stream) {
    peer.respond(stream, "200", dns_type, answer_to(query_for("www.example.com", Type{97})));
  });
  bench.connection->send(1, query_for("www.example.com", Type::https));  // 65: 'A'
  bench.loop.run();
  CHECK(bench.told == "established, mismatched 1");
}

TEST_CASE("what is no DNS over HTTPS fails with what it was") {
  std::string detail;
  CHECK(heard("503", dns_type, answer_to(www), &detail) == "established, protocol 7");
  CHECK(detail == "HTTP 503: the server is out of order");
  CHECK(heard("302", dns_type, {}, &detail) == "established, protocol 7");
  CHECK(detail == "HTTP 302: the server points to another URL, and redirects are not followed");
  CHECK(heard("200", "text/html", answer_to(www), &detail) == "established, protocol 7");
  CHECK(detail == "media type \"text/html\" instead of application/dns-message");
}

TEST_CASE("one bad answer leaves the connection to the others") {
  std::vector<std::uint32_t> streams;
  Bench bench([&](TestH2Connection& peer, std::uint32_t stream) {
    streams.push_back(stream);
    if (streams.size() == 1) return peer.respond(stream, "200", dns_type, answer_to(www));
    if (streams.size() < 4) return;
    if (streams.size() == 5) return peer.frame(3, 0, stream, internal_error);  // the second, once more
    peer.respond(streams[2], "200", dns_type, Octets(70000, 0));
    peer.frame(3, 0, streams[1], internal_error);  // RST_STREAM
    peer.respond(streams[3], "200", dns_type, answer_to(www));
  });
  bench.stop_after = 4;
  for (Tag tag = 1; tag <= 4; ++tag) bench.connection->send(tag, www);
  bench.loop.run();
  // In whatever order libcurl finds them ended.
  CHECK(bench.told.starts_with("established, "));
  for (const char* each : {"answer 1", "protocol 2", "protocol 3", "answer 4"})
    CHECK(bench.told.find(each) != std::string::npos);
  CHECK(bench.server.connections.size() == 1);
}

TEST_CASE("a query that a gateway lost is asked once more over the same connection, and no third time") {
  for (const bool by_status : {true, false})
    for (const int losses : {1, 2}) {
      int asked = 0;
      Bench bench([&](TestH2Connection& peer, std::uint32_t stream) {
        if (++asked > losses) return peer.respond(stream, "200", dns_type, answer_to(www));
        if (by_status) return peer.respond(stream, "502", "text/html", {});
        peer.frame(3, 0, stream, internal_error);
      });
      bench.connection->send(7, www);
      bench.loop.run();
      CHECK(bench.told == (losses == 1 ? "established, answer 7" : "established, protocol 7"));
      CHECK(asked == 2);
      CHECK(bench.server.connections.size() == 1);
    }
}

TEST_CASE("more queries than libcurl should hold at once are all answered over one connection") {
  Bench bench(
      [](TestH2Connection& peer, std::uint32_t stream) { peer.respond(stream, "200", dns_type, answer_to(www)); });
  bench.stop_after = 350;
  for (Tag tag = 1; tag <= 350; ++tag) bench.connection->send(tag, www);
  bench.loop.run();
  CHECK(bench.answers == 350);
  CHECK(bench.told.find("protocol") == std::string::npos);
  CHECK(bench.server.connections.size() == 1);
}

TEST_CASE("a certificate for another name is refused") {
  Bench bench([](TestH2Connection&, std::uint32_t) {}, "DNS:other.test");
  bench.connection->send(1, www);
  bench.loop.run();
  CHECK(bench.told == "closed tls_untrusted");
  CHECK(bench.detail == "certificate of " + to_string(bench.server.address()) +
                            " is not valid for the name dns.test (it is for other.test)");
}

TEST_CASE("a server that closes while idle is noticed at once, also behind octets that nobody reads") {
  for (const bool says_goodbye : {false, true}) {
    Bench bench(
        [](TestH2Connection& peer, std::uint32_t stream) { peer.respond(stream, "200", dns_type, answer_to(www)); });
    bench.connection->send(1, www);
    bench.loop.run();
    if (says_goodbye) bench.server.connections[0]->frame(7, 0, 0, std::string(8, '\0'));  // GOAWAY
    bench.server.connections[0]->finish();
    bench.loop.run();
    CHECK(bench.told == "established, answer 1, closed cancelled");
  }
}

TEST_CASE("a server that closes before it was asked anything is noticed at once") {
  Bench bench([](TestH2Connection&, std::uint32_t) {});
  while (bench.server.connections.empty()) bench.pass(std::chrono::milliseconds(1));
  SUBCASE("FIN") { bench.server.connections[0]->finish(); }
  SUBCASE("reset") { bench.server.connections[0]->reset(); }
  bench.loop.run();
  CHECK(bench.told == "closed cancelled");
}

TEST_CASE("a server that says goodbye is done with, though its FIN stays away") {
  SUBCASE("while idle") {
    Bench bench(
        [](TestH2Connection& peer, std::uint32_t stream) { peer.respond(stream, "200", dns_type, answer_to(www)); });
    bench.connection->send(1, www);
    bench.loop.run();
    bench.server.connections[0]->say_goodbye();
    bench.loop.run();
    CHECK(bench.told == "established, answer 1, closed cancelled");
  }
  SUBCASE("behind one of many answers: it counts, and the other queries have not failed") {
    Bench bench([](TestH2Connection& peer, std::uint32_t stream) {
      if (stream > 3) return;
      peer.respond(stream, "200", dns_type, answer_to(www));
      if (stream == 3) peer.say_goodbye();
    });
    bench.stop_after = 9;
    for (Tag tag = 1; tag < 9; ++tag) bench.connection->send(tag, www);
    bench.loop.run();
    std::string told = bench.told;  // libcurl tells of the two in any order
    if (const auto second = told.find("answer 2, answer 1"); second != std::string::npos)
      told.replace(second, 18, "answer 1, answer 2");
    CHECK(told == "established, answer 1, answer 2, closed cancelled");
  }
}

TEST_CASE("a server that pings an idle connection goes on being asked over it") {
  Bench bench(
      [](TestH2Connection& peer, std::uint32_t stream) { peer.respond(stream, "200", dns_type, answer_to(www)); });
  bench.connection->send(1, www);
  bench.loop.run();
  bench.stop_after = 2;
  bench.server.connections[0]->frame(6, 0, 0, "pingpong");
  bench.loop.post([&] { bench.loop.post([&] { bench.connection->send(2, www); }); });
  bench.loop.run();
  CHECK(bench.told == "established, answer 1, answer 2");
  CHECK(bench.server.connections.size() == 1);
}

TEST_CASE("a connection that ends with queries on it says so once") {
  SUBCASE("FIN") {
    Bench bench([](TestH2Connection& peer, std::uint32_t) { peer.finish(); });
    bench.connection->send(1, www);
    bench.connection->send(2, www);
    bench.loop.run();
    CHECK(bench.told == "established, closed cancelled");
  }
  SUBCASE("reset") {
    Bench bench([](TestH2Connection& peer, std::uint32_t) { peer.reset(); });
    bench.connection->send(1, www);
    bench.loop.run();
    CHECK(bench.told == "established, closed unreachable");
  }
}

TEST_CASE("a server that does not speak HTTP/2 is asked nothing") {
  int requests = 0;
  Bench bench([&](TestH2Connection&, std::uint32_t) { ++requests; }, "DNS:dns.test", "http/1.1");
  bench.connection->send(1, www);
  bench.loop.run();
  CHECK(bench.told == "closed protocol");
  CHECK(bench.detail.contains(" does not speak HTTP/2 there"));
  CHECK(requests == 0);
}

TEST_CASE("a connection may be destroyed in whatever it tells, and gives its socket back") {
  const auto respond = [](TestH2Connection& peer, std::uint32_t stream) {
    peer.respond(stream, "200", dns_type, answer_to(www));
  };
  SUBCASE("the handshake's end") {
    Bench bench(respond);
    bench.destroys = true;
    for (Tag tag = 1; tag < 9; ++tag) bench.connection->send(tag, www);
    bench.loop.run();
    CHECK(bench.told == "established");
    CHECK(bench.budget.used() == 0);
  }
  SUBCASE("an answer") {
    Bench bench(respond);
    bench.connection->send(1, www);
    bench.loop.run();
    bench.destroys = true;
    for (Tag tag = 2; tag < 9; ++tag) bench.connection->send(tag, www);
    bench.loop.run();
    CHECK(bench.answers == 2);
    CHECK(bench.budget.used() == 0);
  }
  SUBCASE("its close") {
    Bench bench(respond);
    bench.connection->send(1, www);
    bench.loop.run();
    bench.destroys = true;
    bench.server.connections[0]->finish();
    bench.loop.run();
    CHECK(bench.told == "established, answer 1, closed cancelled");
    CHECK(bench.budget.used() == 0);
  }
}

TEST_CASE("the next connection resumes the session of one that was cut") {
  Bench bench(
      [](TestH2Connection& peer, std::uint32_t stream) { peer.respond(stream, "200", dns_type, answer_to(www)); });
  bench.connection->send(1, www);
  bench.loop.run();
  bench.connection.reset();
  bench.connect();
  bench.answers = 0;
  bench.connection->send(2, www);
  bench.loop.run();
  CHECK(bench.connection->facts()->resumed);
}

TEST_CASE("a request that nobody answers gives its place back, and the connection goes on") {
  Bench bench([](TestH2Connection& peer, std::uint32_t stream) {
    if (stream != 1 && stream != 3) peer.respond(stream, "200", dns_type, answer_to(www));
  });
  bench.connection->send(1, www);
  bench.connection->send(2, www);
  bench.pass(std::chrono::milliseconds(300));
  bench.connection->send(3, www);
  bench.loop.run();
  CHECK(bench.told == "established, answer 3");
  bench.pass(std::chrono::seconds(16));
  CHECK(bench.told == "established, answer 3");
  bench.stop_after = 99;
  bench.pass(std::chrono::seconds(16));
  CHECK(bench.told == "established, answer 3, timeout 1, timeout 2");
  bench.stop_after = bench.answers + 1;
  bench.connection->send(4, www);
  bench.loop.run();
  CHECK(bench.told == "established, answer 3, timeout 1, timeout 2, answer 4");
}
