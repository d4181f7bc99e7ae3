#include "listen/tcp_listener.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <new>
#include <utility>

#include "base/shield.hpp"
#include "dns/edns.hpp"
#include "dns/query.hpp"
#include "dns/reply.hpp"
#include "transport/framing.hpp"

namespace tacet {
namespace {

constexpr std::size_t read_size = 16384;
/// A client that lets so much pile up is not reading, and is not read from until it does.
constexpr std::size_t most_unsent = std::size_t{16} << 10;
/// Queries of one client that are served before others have their turn.
constexpr int most_in_a_turn = 64;
constexpr Duration accept_pause = std::chrono::milliseconds(100);

/// Whom a connection comes from.
struct Address {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;

  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  Bytes octets() const { return {reinterpret_cast<const std::uint8_t*>(&storage), size}; }
};

}  // namespace

/// One connection. Kept by the listener; a coroutine that answers later holds it too, and finds it closed.
class TcpListener::Client : public std::enable_shared_from_this<Client> {
public:
  Client(TcpListener& listener, Descriptor socket, const Address& address)
      : listener_(listener),
        address_(address),
        socket_(std::move(socket)),
        watch_(std::in_place, listener.parts_.loop, socket_.get(),
               [this](Watch::Ready ready) { guarded([this, ready] { on_ready(ready); }); }),
        turn_(listener.parts_.loop, [this] { guarded([this] { go_on(); }); }),
        patience_(listener.parts_.loop.scheduler(), [this] { close(); }),
        rest_(listener.parts_.loop.scheduler(), [this] { guarded([this] { go_on(); }); }) {
    watch_->want_read(true);
    patience_.arm(listener_.parts_.loop.now() + idle_limit);
    ++listener_.parts_.metrics.tcp_clients;
  }
  ~Client() { disconnect(); }

  Clients::iterator place;
  bool busy() const { return in_flight_ > 0 || !unsent_.empty() || rest_.armed(); }

  /// Reads nothing more; goes when nothing is owed.
  void finish() {
    finished_ = true;
    if (!watch_) return;
    watch_->want_read(false);
    rest_.disarm();  // what it has yet to ask is not waited for
    if (!busy()) close();
  }

  bool is_allowed() const { return listener_.parts_.admission.allows(address_.storage); }

  /// Ends the connection; the listener forgets it. `this` may be gone afterwards.
  void close() {
    if (!watch_) return;
    disconnect();
    listener_.clients_.erase(place);
  }

private:
  void disconnect() {
    if (!watch_) return;
    watch_.reset();
    patience_.disarm();
    rest_.disarm();
    socket_ = Descriptor();
    --listener_.parts_.metrics.tcp_clients;
  }

  /// Every event passes here. One for which there is no memory is the end of the connection: what was read, or is to be
  /// sent, is not whole.
  template <class Work>
  void guarded(Work&& work) noexcept {
    const auto alive = shared_from_this();
    if (!shielded(false, [&] { return work(), true; })) close();
  }

  void on_ready(Watch::Ready ready) {
    if (ready == Watch::Ready::write) return go_on();
    frames_.tail();
    std::array<std::uint8_t, read_size> buffer;
    const ssize_t size = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (size <= 0) return size == 0 && busy() ? finish() : close();
    frames_.feed({buffer.data(), static_cast<std::size_t>(size)});
    listener_.clients_.splice(listener_.clients_.end(), listener_.clients_, place);
    go_on();
  }

  bool takes_more() const {
    return !finished_ && !rest_.armed() && unsent_.size() <= most_unsent &&
           in_flight_ < listener_.parts_.admission.per_client();
  }

  /// Sends what waits and serves what has been read, as far as the client keeps up; then reads on.
  void go_on() {
    if (!watch_ || std::exchange(going_on_, true))
      return;  // an answer that was there at once: whoever serves its query goes on
    const Instant now = listener_.parts_.loop.now();
    flush();
    const bool left = watch_ && serve_frames(now);
    if (watch_) flush();
    going_on_ = false;
    if (at_once_ > 0)
      listener_.parts_.metrics.at_once_time.observe(listener_.parts_.loop.scheduler().clock().now() - now,
                                                    std::exchange(at_once_, 0));
    if (!watch_) return;
    watch_->want_read(!left && takes_more());
    if (left && takes_more()) turn_.post();
    if (unsent_.empty()) patience_.arm(now + (frames_.partial() && !rest_.armed() ? partial_limit : idle_limit));
  }

  /// True while nothing more may be asked here: a question is paid for before it is looked for. A client that may not
  /// ask any more (a reload, an address that has gone) is served no further.
  bool rests(Instant now) {
    if (paid_) return false;
    Admission& admission = listener_.parts_.admission;
    switch (admission.judge_connected(address_.storage, now)) {
      case Admission::Verdict::hurried:
        rest_.arm(now + admission.pace());
        return true;
      case Admission::Verdict::stranger:
        ++listener_.parts_.metrics.strangers;
        finished_ = true;
        return true;
      default:
        paid_ = true;
        return false;
    }
  }

  /// One turn's worth; false if no whole frame is left, or the connection is over.
  bool serve_frames(Instant now) {
    for (int count = 0; takes_more() && count < most_in_a_turn; ++count) {
      if (rests(now)) return true;
      const auto frame = frames_.next();
      if (!frame) return false;
      paid_ = false;
      serve_or_say_why_not(*frame, now);
      if (!watch_) return false;
    }
    return true;
  }

  /// A query for which there is no memory must not end those beside it.
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
    append_frame(unsent_, {text.data(), size});
  }

  void serve(Bytes message, Instant now) {
    const auto index = judge_query(message);
    std::array<std::uint8_t, 512> refusal;
    if (!index) {
      const std::size_t size = write_refusal(message, index.error(), refusal);
      if (size == 0) return close();  // not even a query: this is no DNS client
      ++listener_.parts_.metrics.refused_at_once;
      return append_frame(unsent_, {refusal.data(), size});
    }
    ++listener_.parts_.metrics.tcp_queries;
    auto& scratch = reply_scratch();
    const Asker asker = listener_.parts_.admission.asker(address_.storage);
    auto answer =
        listener_.parts_.resolver.answer_now({message, *index, now, 65535, {address_.octets(), true}, asker}, scratch);
    const bool wants_timeout = asks_tcp_keepalive(message, *index);
    if (const auto* size = std::get_if<std::size_t>(&answer)) {
      ++at_once_;
      const std::size_t told = wants_timeout ? add_tcp_keepalive(scratch, *size, idle_limit) : *size;
      if (told > 0) send(Bytes(scratch).first(told));
      return;
    }
    auto waiter = listener_.parts_.admission.enter(address_.storage);
    if (!waiter) {
      ++listener_.parts_.metrics.crowding;
      return turn_away(message, *index);
    }
    Waiting waiting{std::move(std::get<Miss>(answer)), *std::move(waiter)};
    listener_.parts_.tasks.spawn(answer_later(shared_from_this(), std::move(waiting), wants_timeout));
  }

  /// Counts one query that waits, for as long as it lives.
  class Counted {
  public:
    explicit Counted(std::size_t& count) : count_(count) { ++count_; }
    ~Counted() { --count_; }
    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;

  private:
    std::size_t& count_;
  };

  /// What waits, and its place among all that its client has waiting.
  struct Waiting {
    Miss miss;
    Admission::Place place;
  };

  static Task<void> answer_later(std::shared_ptr<Client> client, Waiting waiting, bool wants_timeout) {
    std::optional<Counted> in_flight(client->in_flight_);
    Reply reply = co_await client->listener_.parts_.resolver.answer(waiting.miss);
    in_flight.reset();
    client->guarded([&] { client->deliver(std::move(reply), wants_timeout); });
  }

  void deliver(Reply reply, bool wants_timeout) {
    if (!watch_) return;
    if (reply.empty()) throw std::bad_alloc();
    if (wants_timeout) {
      const std::size_t size = reply.size();
      reply.resize(size + tcp_keepalive_size);
      reply.resize(add_tcp_keepalive(reply, size, idle_limit));
    }
    send(reply);
    go_on();
  }

  void send(Bytes reply) {
    listener_.parts_.metrics.truncated += is_truncated(reply) ? 1 : 0;  // an upstream's word
    append_frame(unsent_, reply);
  }

  /// Sends what the kernel takes; the rest when it takes more.
  void flush() {
    while (!unsent_.empty()) {
      const ssize_t sent = ::send(socket_.get(), unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno == EINTR) continue;
      if (sent < 0 && errno != EAGAIN) return close();
      if (sent < 0) break;
      unsent_.erase(unsent_.begin(), unsent_.begin() + sent);
      patience_.arm(listener_.parts_.loop.now() + idle_limit);
    }
    if (finished_ && !busy()) return close();
    watch_->want_write(!unsent_.empty());
  }

  /// Where a reply of any size is written before it is framed; one for the thread, for it is never kept.
  static std::vector<std::uint8_t>& reply_scratch() {
    thread_local std::vector<std::uint8_t> scratch(65535);
    return scratch;
  }

  TcpListener& listener_;
  Address address_;
  Descriptor socket_;
  std::optional<Watch> watch_;
  AsyncCall turn_;  // goes on when others have had theirs
  Alarm patience_;
  Alarm rest_;         // armed while the client has asked all that it may for now
  bool paid_ = false;  // for the next question
  FrameReader frames_;
  std::vector<std::uint8_t> unsent_;
  std::size_t in_flight_ = 0;
  std::uint64_t at_once_ = 0;  // answered without waiting, of what was read last
  bool going_on_ = false;
  bool finished_ = false;
};

TcpListener::TcpListener(const Parts& parts, int socket)
    : parts_(parts),
      socket_(socket),
      watch_(parts.loop, socket, [this](Watch::Ready) { on_acceptable(); }),
      accept_again_(parts.loop.scheduler(), [this] { watch_.want_read(!stopping_); }) {
  watch_.want_read(true);
}

TcpListener::~TcpListener() = default;

void TcpListener::judge_again(std::size_t limit) {
  parts_.client_limit = limit;
  for (auto next = clients_.begin(); next != clients_.end();) {
    const auto client = *next++;
    if (!client->is_allowed()) client->finish();
  }
  for (auto next = clients_.begin(); next != clients_.end() && clients_.size() > limit;) {
    const auto client = *next++;
    if (!client->busy()) client->close();
  }
  if (clients_.size() <= limit) return;
  auto next = clients_.begin();
  for (std::size_t surplus = clients_.size() - limit; surplus > 0; --surplus) {
    const auto client = *next++;
    client->finish();
  }
}

void TcpListener::stop() {
  stopping_ = true;
  watch_.want_read(false);
  for (auto next = clients_.begin(); next != clients_.end();) {
    const auto client = *next++;
    client->finish();
  }
}

void TcpListener::on_acceptable() {
  Address address;
  Descriptor socket(::accept4(socket_, address.get(), &address.size, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!socket) {
    if (errno != EMFILE && errno != ENFILE && errno != ENOMEM && errno != ENOBUFS) return;
    // Out of descriptors: somebody idle goes, or we look again a little later instead of spinning.
    if (evict_longest_idle()) return;
    watch_.want_read(false);
    accept_again_.arm(parts_.loop.now() + accept_pause);
    return;
  }
  if (!parts_.admission.allows(address.storage)) {
    ++parts_.metrics.strangers;
    return;
  }
  if (clients_.size() >= parts_.client_limit && !evict_longest_idle()) return;
  clients_.push_back(std::make_shared<Client>(*this, std::move(socket), address));
  clients_.back()->place = std::prev(clients_.end());
}

/// Makes room: whoever is owed nothing goes first, else whoever has been silent longest.
bool TcpListener::evict_longest_idle() {
  if (clients_.empty()) return false;
  const auto idle = std::ranges::find_if(clients_, [](const auto& client) { return !client->busy(); });
  const auto victim = idle != clients_.end() ? *idle : clients_.front();
  victim->close();
  return true;
}

}  // namespace tacet
