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

/// A socket, and an event that is set when it is ready.
struct Line {
  Line(Loop& loop, Descriptor made)
      : socket(std::move(made)),
        event(loop.scheduler()),
        watch(loop, socket.get(), [this](Watch::Ready) { event.set(); }) {}

  Descriptor socket;
  AutoResetEvent event;
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

Error silence(const std::string& dropped) {
  return {Fault::timeout, dropped.empty() ? "no answer in time" : "no answer in time, but " + dropped};
}

}  // namespace

Task<Result<PlainAnswer>> PlainExchange::by_udp(bool with_opt, Instant deadline) {
  Result<Descriptor> made = connected_datagrams(destination_.server, destination_.via);
  if (!made) co_return fail(std::move(made.error()));
  Line line(loop_, *std::move(made));
  line.watch.want_read(true);
  std::string dropped;
  for (Tries tries(loop_.now()); loop_.now() < deadline;) {
    if (tries.due(loop_.now())) {
      const Bytes wire = query_.wire(with_opt && tries.made() < tries_with_opt);
      if (::send(line.socket.get(), wire.data(), wire.size(), send_flags) < 0 && !would_wait(errno))
        co_return fail(socket_error(errno));
      tries.made_one(loop_.now());
    }
    co_await line.event.wait(std::min(tries.next(), deadline));
    if (Reading reading = read_datagrams(line.socket.get(), query_, dropped)) co_return *std::move(reading);
  }
  co_return fail(silence(dropped));
}

Task<Result<PlainAnswer>> PlainExchange::by_tcp(bool with_opt, Instant deadline) {
  Result<Descriptor> begun = begin_connect(destination_.server, destination_.via);
  if (!begun) co_return fail(std::move(begun.error()));
  Line line(loop_, *std::move(begun));
  line.watch.want_write(true);
  if (!co_await line.event.wait(deadline)) co_return fail(silence({}));
  if (auto connected = finish_connect(line.socket.get()); !connected) co_return fail(std::move(connected.error()));
  line.watch.want_write(false);
  std::vector<std::uint8_t> framed;
  append_frame(framed, query_.wire(with_opt));
  // A fresh connection's buffer takes a query whole.
  if (::send(line.socket.get(), framed.data(), framed.size(), send_flags) != static_cast<ssize_t>(framed.size()))
    co_return fail(socket_error(errno));
  line.watch.want_read(true);
  FrameReader frames;
  while (co_await line.event.wait(deadline))
    if (Reading reading = read_stream(line.socket.get(), query_, frames)) co_return *std::move(reading);
  co_return fail(silence({}));
}

}  // namespace tacet
