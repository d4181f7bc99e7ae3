/// A DoT connection and a scripted server on the other end of it, on one loop.
#pragma once

#include <doctest/doctest.h>
#include <sys/socket.h>

#include <functional>
#include <map>

#include "base/clock.hpp"
#include "dns/edns.hpp"
#include "dns/wire.hpp"
#include "support/tls_peer.hpp"
#include "transport/dot.hpp"
#include "transport/framing.hpp"

namespace tacet::dot_test {

using Octets = std::vector<std::uint8_t>;

inline Message query_for(std::string_view name) {
  return upstream_query({Name::from_text(name).value(), Type::a, Class::in}, false, false);
}

/// The query's own octets with QR set.
inline Octets answer_to(Bytes query) {
  Octets answer(query.begin(), query.end());
  answer[2] |= 0x80;
  return answer;
}

/// The same with one EDNS option in place of the padding.
inline Octets answer_with_option(Bytes query, std::uint16_t code, const Octets& value) {
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
  const std::vector<std::size_t>& records() const { return peer_.records; }
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
  log::RateLimit stray_answers;
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
    connection = std::make_unique<DotConnection>(loop, std::move(socket), DotShared{client, stray_answers}, *this);
    guard.arm(loop.now() + std::chrono::seconds(10));
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

}  // namespace tacet::dot_test
