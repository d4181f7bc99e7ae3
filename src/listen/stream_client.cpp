#include "listen/stream_client.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "listen/lingering_sockets.hpp"
#include "listen/proxy_header.hpp"

namespace tacet {
namespace {

constexpr std::size_t read_size = 16384;
/// A client with so many unsent octets does not read. Do not read from it until it does.
constexpr std::size_t most_unsent = std::size_t{16} << 10;
/// So much of its buffer an idle client keeps.
constexpr std::size_t most_kept = 4096;
/// The most requests of one client that are served before others have their turn.
constexpr int most_in_a_turn = 64;
/// More steps than a handshake has. A client that sends it in smaller parts gains no time by that.
constexpr int most_steps = 5;

}  // namespace

StreamClient::StreamClient(Loop& loop, Owner& owner, std::unique_ptr<ByteStream> stream, const KernelAddress& address)
    : loop_(loop),
      owner_(owner),
      address_(address),
      stream_(std::move(stream)),
      watch_(std::in_place, loop, stream_->descriptor(),
             [this](Watch::Ready ready) { guarded([this, ready] { on_ready(ready); }); }),
      turn_(loop, [this] { guarded([this] { take_turn(); }); }),
      patience_(loop.scheduler(), [this] { close(); }),
      rest_(loop.scheduler(), [this] { guarded([this] { go_on(); }); }),
      begun_(loop.now()),
      at_work_since_(begun_) {}

StreamClient::~StreamClient() {
  if (!watch_) return;
  if (const Descriptor socket = disconnect()) LingeringSockets::end(socket.get());
}

void StreamClient::start(std::unique_ptr<StreamSession> session, const StreamLimits& limits) {
  session_ = std::move(session);
  limits_ = limits;
  greets_ = limits_.greeting.has_value();
  watch_->want_read(true);
  wait_at_most(limits_.greeting.value_or(limits_.idle));
}

void StreamClient::finish() {
  finished_ = true;
  if (!watch_) return;
  watch_->want_read(false);
  rest_.disarm();  // do not wait for further requests
  if (!busy()) close();
}

void StreamClient::close() {
  if (!watch_) return;
  owner_.on_closed(*this, disconnect());
}

/// The socket, if it is of use to keep it for a while. Pre: it is open.
Descriptor StreamClient::disconnect() {
  watch_.reset();
  patience_.disarm();
  rest_.disarm();
  const bool keeps_socket = LingeringSockets::may_lose_octets(stream_->descriptor());  // before TLS says goodbye
  Descriptor socket = stream_->release();
  stream_.reset();
  if (session_) session_->on_closed();
  return keeps_socket ? std::move(socket) : Descriptor();
}

void StreamClient::on_ready(Watch::Ready ready) {
  if (ready == Watch::Ready::write) return go_on();
  if (!greets_) return read();
  watch_->want_read(false);
  awaits_step_ = true;
  owner_.on_greeting(*this);
}

void StreamClient::greet() {
  awaits_step_ = false;
  if (++steps_ <= most_steps) at_work_since_ = loop_.now();
  guarded([this] {
    if (!watch_ || finished_) return;
    watch_->want_read(true);
    read();
  });
}

/// What the stream holds, no readiness tells of. It may be the end, so the requests before it come first.
void StreamClient::take_turn() {
  go_on();
  if (watch_ && !has_left_ && stream_->holds_more() && takes_more()) read();
}

void StreamClient::read() {
  std::array<std::uint8_t, read_size> buffer;
  const auto size = stream_->read(buffer);
  if (!size && size.error() == StreamStop::blocked) return watch_->want_write(!out_.empty() || stream_->keeps());
  if (!size) return size.error() == StreamStop::ended && busy() ? finish() : close();
  greets_ = false;
  if (!std::exchange(heard_, true) && begins_proxy_header({buffer.data(), *size})) {
    owner_.on_proxy_header(*this);
    return close();
  }
  session_->feed({buffer.data(), *size});
  owner_.on_heard(*this);
  go_on();
}

/// Requests that come one behind the other are one time of work, so that nobody keeps a place by asking on.
void StreamClient::note_if_at_rest(Instant now) {
  if (!heard_ || busy() || has_left_ || session_->partial()) {
    if (!at_work_since_) at_work_since_ = now;
    return;
  }
  at_work_since_.reset();
  if (out_.capacity() > most_kept) out_ = std::vector<std::uint8_t>();  // {} would keep the memory
}

bool StreamClient::takes_more() const {
  return !finished_ && !rest_.armed() && out_.size() <= most_unsent && session_->takes_more();
}

void StreamClient::go_on() {
  if (!watch_ || std::exchange(going_on_, true)) return;  // an immediate answer: the turn of its request goes on
  const Instant now = loop_.now();
  flush();
  has_left_ = watch_ && serve(now);
  if (watch_) flush();
  going_on_ = false;
  session_->on_turn_ended(now);
  if (!watch_) return;
  note_if_at_rest(now);
  const bool more = takes_more();
  watch_->want_read(!has_left_ && more);
  if (more && (has_left_ || stream_->holds_more())) turn_.post();
  if (out_.empty()) wait_at_most(session_->partial() && !rest_.armed() ? limits_.partial : limits_.idle);
}

/// Serves one turn's requests; false if no whole request is left, or the connection is over.
bool StreamClient::serve(Instant now) {
  for (int count = 0; takes_more() && count < most_in_a_turn; ++count) {
    const auto step = session_->serve_next(now);
    if (!watch_ || step == StreamSession::Step::none) return false;
    if (step == StreamSession::Step::later) break;
  }
  return true;
}

/// Sends what the stream takes; the rest when it takes more.
void StreamClient::flush() {
  for (session_->produce(); !out_.empty(); session_->produce()) {
    const auto size = stream_->write(out_);
    if (!size && size.error() != StreamStop::blocked) return close();
    if (!size) break;
    out_.erase(out_.begin(), out_.begin() + static_cast<std::ptrdiff_t>(*size));
    wait_at_most(limits_.idle);
  }
  if (!stream_->push() || (finished_ && !busy())) return close();
  watch_->want_write(!out_.empty() || stream_->keeps());
}

void StreamClient::wait_at_most(Duration time) {
  const Instant until = loop_.now() + time;
  patience_.arm(limits_.whole ? std::min(until, begun_ + *limits_.whole) : until);
}

}  // namespace tacet
