#include "listen/tcp_listener.hpp"

#include <array>
#include <new>
#include <utility>

#include "dns/edns.hpp"
#include "dns/query.hpp"
#include "dns/reply.hpp"
#include "transport/framing.hpp"

namespace tacet {
namespace {

Bytes octets_of(const KernelAddress& address) {
  return {reinterpret_cast<const std::uint8_t*>(&address.storage), address.size};
}

}  // namespace

/// The queries of one connection, each behind its length (RFC 1035 §4.2.2).
class TcpListener::Session final : public StreamSession {
public:
  Session(const Parts& parts, StreamClient& client) : parts_(parts), client_(client) { ++parts_.metrics.tcp_clients; }

  void feed(Bytes octets) override { frames_.feed(octets); }
  bool partial() const override { return frames_.partial(); }
  bool takes_more() const override { return in_flight_ < parts_.admission.per_client(); }
  bool owes() const override { return in_flight_ > 0; }
  void on_closed() noexcept override { --parts_.metrics.tcp_clients; }

  Step serve_next(Instant now) override {
    if (rests(now)) return Step::later;
    const auto frame = frames_.next();
    if (!frame) return Step::none;
    paid_ = false;
    serve_or_say_why_not(*frame, now);
    return Step::served;
  }

  void on_turn_ended(Instant begun) override {
    if (at_once_ == 0) return;
    const Instant now = parts_.loop.scheduler().clock().now();
    parts_.metrics.at_once_time.observe(now - begun, std::exchange(at_once_, 0));
  }

private:
  /// True while the client may ask nothing more. Admission charges a query before we look for it. A client that lost
  /// its permission (a reload, an address that has gone) is served no further.
  bool rests(Instant now) {
    if (paid_) return false;
    switch (parts_.admission.judge_connected(client_.address().storage, now)) {
      case Admission::Verdict::rate_limited:
        client_.rest_until(now + parts_.admission.pace());
        return true;
      case Admission::Verdict::not_allowed:
        ++parts_.metrics.not_allowed;
        client_.finish();
        return true;
      default:
        paid_ = true;
        return false;
    }
  }

  /// If memory is out for one query, the others must go on.
  void serve_or_say_why_not(Bytes message, Instant now) {
    try {
      return serve(message, now);
    } catch (const std::bad_alloc&) {
      log::escaped("a query");
    }
    if (const auto index = judge_query(message)) turn_away(message, *index);
  }

  void turn_away(Bytes message, const MessageIndex& index) {
    std::array<std::uint8_t, 512> text;
    const ExtendedError error{ede::not_ready, {}};
    const std::size_t size = write_error({message, index, text.size()}, Rcode::servfail, error, text);
    append_frame(client_.out(), {text.data(), size});
  }

  void serve(Bytes message, Instant now) {
    const auto index = judge_query(message);
    std::array<std::uint8_t, 512> refusal;
    if (!index) {
      const std::size_t size = write_refusal(message, index.error(), refusal);
      if (size == 0) return client_.close();  // no DNS client
      ++parts_.metrics.rejected;
      return append_frame(client_.out(), {refusal.data(), size});
    }
    ++parts_.metrics.tcp_queries;
    auto& scratch = reply_scratch();
    const auto& from = client_.address();
    const Asker asker = parts_.admission.asker(from.storage);
    auto answer = parts_.resolver.answer_now({message, *index, now, 65535, {octets_of(from), true}, asker}, scratch);
    const bool wants_timeout = asks_tcp_keepalive(message, *index);
    if (const auto* size = std::get_if<std::size_t>(&answer)) {
      ++at_once_;
      const std::size_t told = wants_timeout ? add_tcp_keepalive(scratch, *size, idle_limit) : *size;
      if (told > 0) send(Bytes(scratch).first(told));
      return;
    }
    auto waiter = parts_.admission.enter(from.storage);
    if (!waiter) {
      ++parts_.metrics.wait_limited;
      return turn_away(message, *index);
    }
    Waiting waiting{std::move(std::get<Miss>(answer)), *std::move(waiter)};
    // It shares the client, and so keeps this session alive.
    std::shared_ptr<Session> self(client_.shared_from_this(), this);
    parts_.tasks.spawn(answer_later(std::move(self), std::move(waiting), wants_timeout));
  }

  /// Counts one waiting query as long as it lives.
  class Counted {
  public:
    explicit Counted(std::size_t& count) : count_(count) { ++count_; }
    ~Counted() { --count_; }
    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;

  private:
    std::size_t& count_;
  };

  /// A waiting query, and its place among those of its client.
  struct Waiting {
    Miss miss;
    Admission::Place place;
  };

  static Task<void> answer_later(std::shared_ptr<Session> session, Waiting waiting, bool wants_timeout) {
    std::optional<Counted> in_flight(session->in_flight_);
    Reply reply = co_await session->parts_.resolver.answer(waiting.miss);
    in_flight.reset();
    session->client_.guarded([&] { session->deliver(std::move(reply), wants_timeout); });
  }

  void deliver(Reply reply, bool wants_timeout) {
    if (!client_.is_open()) return;
    if (reply.empty()) throw std::bad_alloc();
    if (wants_timeout) {
      const std::size_t size = reply.size();
      reply.resize(size + tcp_keepalive_size);
      reply.resize(add_tcp_keepalive(reply, size, idle_limit));
    }
    send(reply);
    client_.go_on();
  }

  void send(Bytes reply) {
    parts_.metrics.truncated += is_truncated(reply) ? 1 : 0;  // set by an upstream
    append_frame(client_.out(), reply);
  }

  /// The buffer for a reply of any size before it is framed. One for the thread suffices, because no reply stays in it.
  static std::vector<std::uint8_t>& reply_scratch() {
    thread_local std::vector<std::uint8_t> scratch(65535);
    return scratch;
  }

  const Parts& parts_;
  StreamClient& client_;
  FrameReader frames_;
  std::size_t in_flight_ = 0;
  std::uint64_t at_once_ = 0;  // queries of the last read that were answered at once
  bool paid_ = false;          // the next query is already charged
};

TcpListener::TcpListener(const Parts& parts, int socket)
    : parts_(parts),
      server_({parts.loop, socket, *this, {.idle = idle_limit, .partial = partial_limit}, parts.client_limit}) {}

TcpListener::~TcpListener() = default;

void TcpListener::judge_again(std::size_t limit) {
  server_.finish_if([this](const StreamClient& client) { return !parts_.admission.allows(client.address().storage); });
  server_.set_most_clients(limit);
}

bool TcpListener::admits(const KernelAddress& client) {
  const bool allowed = parts_.admission.allows(client.storage);
  if (!allowed) ++parts_.metrics.not_allowed;
  return allowed;
}

std::unique_ptr<StreamSession> TcpListener::open(StreamClient& client) {
  return std::make_unique<Session>(parts_, client);
}

}  // namespace tacet
