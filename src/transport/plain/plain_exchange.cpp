#include "transport/plain/plain_exchange.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <string>
#include <utility>

#include "base/descriptor.hpp"
#include "dns/wire.hpp"
#include "transport/framing.hpp"

namespace tacet {
namespace {

/// Sends an unanswered datagram again after this time, then after twice as long, and so on until the deadline.
constexpr Duration first_patience = std::chrono::milliseconds(400);
constexpr int most_tries = 5;
constexpr int tries_with_opt = 2;
/// Reads at most so many datagrams at a time, so that a flood leaves others their turn.
constexpr int most_at_a_time = 64;

/// How many silent tries by UDP are enough to ask by TCP beside them: servers that take a second or two have answered.
constexpr int tries_before_tcp = 3;

/// A socket that sets an event when it is ready. Others may set it, too.
struct Line {
  Line(Loop& loop, Descriptor made, AutoResetEvent& event)
      : socket(std::move(made)),
        watch(loop, socket.get(), [this, &event](Watch::Ready ready) {
          was_writable = was_writable || ready == Watch::Ready::write;
          event.set();
        }) {}

  Descriptor socket;
  bool was_writable = false;
  Watch watch;  // last: destroyed before its descriptor closes
};

/// When to send an unanswered query again.
class Tries {
public:
  explicit Tries(Instant now) : next_(now) {}

  bool due(Instant now) const { return now >= next_; }
  int made() const { return made_; }
  Instant next() const { return next_; }
  void made_one(Instant now) {
    next_ = ++made_ < most_tries ? now + patience_ : Instant::max();
    patience_ *= 2;
  }

private:
  Instant next_;
  Duration patience_ = first_patience;
  int made_ = 0;
};

/// The outcome of a read: the answer, the end, or nothing yet.
using Reading = std::optional<Result<PlainAnswer>>;

/// Reads the waiting datagrams. Drops those that do not belong to the query, and keeps a description for the error
/// text.
Reading read_datagrams(int socket, const PlainQuery& query, std::string& dropped) {
  std::array<std::uint8_t, max_message_size> buffer;
  for (int left = most_at_a_time; left > 0; --left) {
    const ssize_t size = ::recv(socket, buffer.data(), buffer.size(), 0);
    if (size < 0 && would_wait(errno)) return std::nullopt;
    if (size < 0) return fail(socket_error(errno));
    if (static_cast<std::size_t>(size) < header_size) continue;
    auto answer = query.read({buffer.begin(), buffer.begin() + size}, TransportKind::datagram);
    if (answer || answer.error().fault != Fault::mismatched) return answer;
    dropped = std::move(answer.error().detail);
  }
  return std::nullopt;
}

/// Reads the waiting octets of a stream; the end of the stream ends the query.
Reading read_stream(int socket, const PlainQuery& query, FrameReader& frames) {
  std::array<std::uint8_t, 16384> buffer;
  for (;;) {
    const ssize_t size = ::recv(socket, buffer.data(), buffer.size(), 0);
    if (size < 0 && would_wait(errno)) return std::nullopt;
    if (size < 0) return fail(socket_error(errno));
    if (size == 0) return fail(Fault::protocol, "the connection was closed without an answer");
    frames.feed(Bytes(buffer).first(static_cast<std::size_t>(size)));
    while (const std::optional<Bytes> frame = frames.next()) {
      auto answer = query.read({frame->begin(), frame->end()}, TransportKind::stream);
      if (answer || answer.error().fault != Fault::mismatched) return answer;
    }
  }
}

/// One query over a TCP connection.
class StreamAttempt {
public:
  StreamAttempt(Loop& loop, Descriptor connecting, AutoResetEvent& event) : line_(loop, std::move(connecting), event) {
    line_.watch.want_write(true);
  }

  /// Goes as far as the socket is ready.
  Reading go_on(const PlainQuery& query, bool with_opt) {
    if (is_connected_) return read_stream(line_.socket.get(), query, frames_);
    if (!line_.was_writable) return std::nullopt;
    if (auto connected = finish_connect(line_.socket.get()); !connected) return fail(std::move(connected.error()));
    is_connected_ = true;
    line_.watch.want_write(false);
    std::vector<std::uint8_t> framed;
    append_frame(framed, query.wire(with_opt));
    // A fresh connection's buffer takes a query whole.
    if (::send(line_.socket.get(), framed.data(), framed.size(), send_flags) != static_cast<ssize_t>(framed.size()))
      return fail(socket_error(errno));
    line_.watch.want_read(true);
    return std::nullopt;
  }

private:
  Line line_;
  FrameReader frames_;
  bool is_connected_ = false;
};

Error silence(const std::string& dropped) {
  return {Fault::timeout, dropped.empty() ? "no answer in time" : "no answer in time, but " + dropped};
}

}  // namespace

Task<Result<PlainAnswer>> PlainExchange::by_udp(bool with_opt, Instant deadline) {
  Result<Descriptor> made = connected_datagrams(destination_.server, destination_.via);
  if (!made) co_return fail(std::move(made.error()));
  AutoResetEvent event(loop_.scheduler());
  Line line(loop_, *std::move(made), event);
  line.watch.want_read(true);
  std::optional<StreamAttempt> stream;
  std::string dropped;
  for (Tries tries(loop_.now()); loop_.now() < deadline;) {
    if (tries.due(loop_.now())) {
      const Bytes wire = query_.wire(with_opt && tries.made() < tries_with_opt);
      if (::send(line.socket.get(), wire.data(), wire.size(), send_flags) < 0 && !would_wait(errno))
        co_return fail(socket_error(errno));
      if (tries.made() == tries_before_tcp)
        if (Result<Descriptor> begun = begin_connect(destination_.server, destination_.via))
          stream.emplace(loop_, *std::move(begun), event);
      tries.made_one(loop_.now());
    }
    co_await event.wait(std::min(tries.next(), deadline));
    if (Reading reading = read_datagrams(line.socket.get(), query_, dropped)) co_return *std::move(reading);
    Reading reading = stream ? stream->go_on(query_, with_opt) : std::nullopt;
    if (reading && *reading) co_return *std::move(reading);
    if (reading) stream.reset();
  }
  co_return fail(silence(dropped));
}

Task<Result<PlainAnswer>> PlainExchange::by_tcp(bool with_opt, Instant deadline) {
  Result<Descriptor> begun = begin_connect(destination_.server, destination_.via);
  if (!begun) co_return fail(std::move(begun.error()));
  AutoResetEvent event(loop_.scheduler());
  StreamAttempt stream(loop_, *std::move(begun), event);
  while (co_await event.wait(deadline))
    if (Reading reading = stream.go_on(query_, with_opt)) co_return *std::move(reading);
  co_return fail(silence({}));
}

}  // namespace tacet
