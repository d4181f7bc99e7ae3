#pragma once
#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include "listen/stream_server.hpp"
#include "support/manual_clock.hpp"

namespace tacet::fixture {

using namespace std::chrono_literals;

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

inline void say(const Descriptor& client, std::string_view text) {
  REQUIRE(::send(client.get(), text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size()));
}

/// What is there to read now.
inline std::string heard(const Descriptor& client) {
  char buffer[65536];
  const ssize_t size = ::recv(client.get(), buffer, sizeof buffer, 0);
  return size > 0 ? std::string(buffer, static_cast<std::size_t>(size)) : "";
}

inline bool is_closed(const Descriptor& client) {
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

/// A server of lines, its clients, and the time.
struct LineServer {
  explicit LineServer(StreamLimits limits = {.idle = 10s, .partial = 5s})
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

}  // namespace tacet::fixture
