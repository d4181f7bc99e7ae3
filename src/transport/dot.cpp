#include "transport/dot.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <iterator>
#include <system_error>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/log.hpp"
#include "base/shield.hpp"
#include "dns/answer_check.hpp"
#include "dns/edns.hpp"
#include "dns/packed_question.hpp"
#include "dns/wire.hpp"
#include "transport/dial/socket.hpp"
#include "transport/framing.hpp"
#include "transport/plain/query_ids.hpp"

namespace tacet {

namespace {

constexpr std::size_t read_size = 65536;
/// Octets of queries in two records: about a segment, so that a loss delays no query that arrived before it.
constexpr std::size_t most_grouped = 1300;

/// Forget an unanswered query after this time: its owner gave up long before.
constexpr Duration lapse = std::chrono::seconds(30);
/// After so many stray answers and no answer to a query, the connection ends: the server only costs time.
constexpr unsigned most_strays = 256;
constexpr std::size_t first_sweep = 1024;
constexpr std::size_t most_outstanding = 32768;  // so that a free ID is found by drawing twice on average

/// A copy of one of the last answers is no answer under a wrong ID.
constexpr std::size_t most_remembered = 64;

struct Outstanding {
  Tag tag;
  PackedQuestion question;
  Instant sent;
};

using OutstandingQueries = std::unordered_map<std::uint16_t, Outstanding>;

}  // namespace

/// Shared, so that the owner may destroy the connection in any callback: the calling function holds a share, and goes
/// on only if `owner_` is still set.
class DotConnection::State : public std::enable_shared_from_this<State> {
public:
  State(Loop& loop, ConnectedSocket socket, const DotShared& shared, Owner& owner);

  void start();
  void abandon();
  void send(Tag tag, const Message& query);
  void say_goodbye();
  Duration unacknowledged() const;

  std::shared_ptr<ConnectionFacts> facts = std::make_shared<ConnectionFacts>();
  std::optional<Duration> idle_limit;

private:
  template <class Work>
  void guarded(Work&& work) noexcept;
  void read_turn();
  void take(Bytes cipher);
  void deliver();
  void deliver(Bytes frame);
  OutstandingQueries::iterator find_meant(Bytes frame);
  void count_stray();
  std::uint16_t free_id();
  void sweep(Instant now);
  void end_turn_later() { turn_.post(); }
  void end_turn();
  Result<void> encrypt_queries();
  bool flush();
  void finish(Error why);

  Loop& loop_;
  ConnectedSocket socket_;
  TlsStream tls_;
  Owner* owner_;    // null once the connection is over or abandoned
  Watch watch_;     // behind the socket: gone before its descriptor is closed
  AsyncCall turn_;  // sends at the end of a turn what the turn wrote

  FrameReader frames_;
  std::vector<std::uint8_t> queries_;  // framed, of this turn
  QueryIds ids_;
  OutstandingQueries outstanding_;
  std::array<std::uint16_t, most_remembered> answered_{};  // the IDs of the last answers
  std::size_t next_answered_ = 0;                          // the place of the next one
  std::size_t sweep_at_ = first_sweep;
  Instant quiet_since_;  // the later of the last octet received and the first query that is outstanding
  bool read_this_turn_ = false;
  bool wrote_this_turn_ = false;
  bool announced_ = false;
  unsigned strays_ = 0;  // since the last answer to a question
  log::RateLimit& stray_gate_;
};

DotConnection::State::State(Loop& loop, ConnectedSocket socket, const DotShared& shared, Owner& owner)
    : loop_(loop),
      socket_(std::move(socket)),
      tls_(shared.tls, socket_.address(), socket_.path().sni, socket_.path().framing),
      owner_(&owner),
      watch_(
          loop, socket_.get(),
          [this](Watch::Ready ready) {
            guarded([this, ready] { return ready == Watch::Ready::read ? read_turn() : static_cast<void>(flush()); });
          }),
      turn_(loop, [this] { guarded([this] { end_turn(); }); }),
      stray_gate_(shared.stray_answers) {
  *facts = socket_.facts(Transport::dot);
}

void DotConnection::State::start() {
  quiet_since_ = loop_.now();
  watch_.want_read(true);
  end_turn_later();  // writes the ClientHello, and can tell at once if that fails
}

void DotConnection::State::abandon() {
  owner_ = nullptr;
  watch_.want_read(false);
  watch_.want_write(false);
}

void DotConnection::State::send(Tag tag, const Message& query) {
  if (owner_ == nullptr) return;
  const Instant now = loop_.now();
  if (outstanding_.empty()) quiet_since_ = now;
  if (outstanding_.size() >= sweep_at_) sweep(now);
  if (outstanding_.size() >= most_outstanding) return;  // the query gets no answer, as if the server had lost it
  const std::uint16_t id = free_id();
  outstanding_.emplace(id, Outstanding{tag, PackedQuestion(query.question()), now});
  append_frame(queries_, query.wire());
  store16(queries_, queries_.size() - query.wire().size(), id);
  end_turn_later();
}

std::uint16_t DotConnection::State::free_id() {
  std::uint16_t id = ids_.next();
  while (outstanding_.contains(id)) id = ids_.next();
  return id;
}

void DotConnection::State::sweep(Instant now) {
  std::erase_if(outstanding_, [now](const auto& each) { return now - each.second.sent > lapse; });
  sweep_at_ = std::max(first_sweep, 2 * outstanding_.size());
}

/// Handles every event. Lack of memory ends the connection: it may have lost a part of a record or a frame. The owner
/// sends its queries over another connection.
template <class Work>
void DotConnection::State::guarded(Work&& work) noexcept {
  const auto self = shared_from_this();
  if (owner_ == nullptr) return;
  static_cast<void>(shielded(false, [&] { return work(), true; }) ||
                    shielded(false, [&] { return finish({Fault::overloaded, "out of memory"}), true; }));
}

/// Some servers read one message of a record and see the next ones only when more octets come (dnsdist 1.7). So the
/// last query of each group has a record of its own: while it lies in the server's socket, the server reads on.
Result<void> DotConnection::State::encrypt_queries() {
  Result<void> taken = tls_.send({});  // tells of a handshake that cannot begin
  for (Bytes rest(queries_); taken && !rest.empty();) {
    const FrameGroup group = first_frames(rest, most_grouped);
    taken = tls_.send(rest.first(group.last_begins));
    if (taken) taken = tls_.send(rest.subspan(group.last_begins, group.size - group.last_begins));
    rest = rest.subspan(group.size);
  }
  queries_.clear();
  return taken;
}

/// Sends everything that one turn of the loop wrote by one send(2).
void DotConnection::State::end_turn() {
  const Result<void> taken = encrypt_queries();
  if (!taken) return finish(taken.error());
  if (!flush()) return;
  // A turn that reads but writes nothing would acknowledge 40 ms later. A server that uses Nagle's algorithm would wait
  // for that before it sends its next answers.
  if (read_this_turn_ && !wrote_this_turn_ && !outstanding_.empty()) acknowledge_now(socket_.get());
  read_this_turn_ = wrote_this_turn_ = false;
}

/// Writes what the socket takes; false if that was the end of the connection.
bool DotConnection::State::flush() {
  while (!tls_.pending().empty()) {
    const Bytes rest = tls_.pending();
    const ssize_t count = ::send(socket_.get(), rest.data(), rest.size(), send_flags);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
    if (count < 0) {
      finish(!announced_ ? tls_.cut_off(true)
                         : Error{Fault::unreachable, facts->address + ": " + std::generic_category().message(errno)});
      return false;
    }
    wrote_this_turn_ = true;
    tls_.sent(static_cast<std::size_t>(count));
  }
  watch_.want_write(!tls_.pending().empty());
  return true;
}

void DotConnection::State::read_turn() {
  std::array<std::uint8_t, read_size> octets;
  const ssize_t count = ::recv(socket_.get(), octets.data(), octets.size(), 0);
  if (count > 0) return take(Bytes(octets.data(), static_cast<std::size_t>(count)));
  if (count < 0 && (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK)) return;
  if (!announced_) return finish(tls_.cut_off(count < 0));
  if (count < 0) return finish({Fault::unreachable, facts->address + ": " + std::generic_category().message(errno)});
  finish({Fault::cancelled, facts->address + " closed the connection"});
}

void DotConnection::State::take(Bytes cipher) {
  quiet_since_ = loop_.now();
  read_this_turn_ = true;
  end_turn_later();
  owner_->on_received();
  if (owner_ == nullptr) return;
  const Result<void> read = tls_.receive(cipher, frames_.tail());
  if (!announced_ && tls_.established()) {
    announced_ = true;
    tls_.describe(*facts);
    owner_->on_established();
  }
  deliver();  // also what came before a goodbye
  if (!read && owner_ != nullptr) finish(read.error());
}

void DotConnection::State::deliver() {
  while (owner_ != nullptr) {
    const std::optional<Bytes> frame = frames_.next();
    if (!frame) return;
    deliver(*frame);
  }
}

void DotConnection::State::deliver(Bytes frame) {
  auto found = frame.size() < 2 ? outstanding_.end() : outstanding_.find(load16(frame, 0));
  if (found == outstanding_.end()) found = find_meant(frame);
  if (found == outstanding_.end()) return count_stray();
  strays_ = 0;
  const std::uint16_t id = found->first;
  const Outstanding asked = std::move(found->second);
  outstanding_.erase(found);
  answered_[next_answered_++ % most_remembered] = id;
  Result<Message> answer =
      accept_answer(asked.question.unpacked(), id, {frame.begin(), frame.end()}, TransportKind::stream);
  if (!answer) answer.error().detail = facts->address + " sent " + answer.error().detail;
  if (answer && answer->index().has_edns)
    if (const std::optional<Duration> limit = tcp_keepalive_of(*answer)) idle_limit = limit;
  owner_->on_answer(asked.tag, std::move(answer));
}

/// The query whose question stands in an answer under an ID that no query has: its server is wrong, and the name need
/// not wait for another answer. Nothing if two queries have this question, or if it is a copy of an earlier answer.
OutstandingQueries::iterator DotConnection::State::find_meant(Bytes frame) {
  const auto none = outstanding_.end();
  if (frame.size() < header_size) return none;
  if (std::ranges::find(answered_, load16(frame, 0)) != answered_.end()) return none;
  const auto message = Message::parse_answer({frame.begin(), frame.end()});
  if (!message || !message->index().has(flag::qr)) return none;
  const auto has_question = [asked = message->question()](const auto& each) {
    return each.second.question.unpacked() == asked;
  };
  const auto meant = std::ranges::find_if(outstanding_, has_question);
  if (meant == none || std::find_if(std::next(meant), none, has_question) != none) return none;
  return meant;
}

void DotConnection::State::count_stray() {
  if (const auto held = stray_gate_.pass(quiet_since_))
    log::info("{} sent an answer without a question (and {} more since the last such line)", facts->address, *held);
  if (++strays_ > most_strays) finish({Fault::protocol, facts->address + " floods with unsolicited answers"});
}

/// Ends the connection. Tries once to send what TLS still holds (an alert).
void DotConnection::State::finish(Error why) {
  if (owner_ == nullptr) return;
  if (const Bytes rest = tls_.pending(); !rest.empty())
    static_cast<void>(::send(socket_.get(), rest.data(), rest.size(), send_flags));
  Owner* const owner = owner_;
  abandon();
  owner->on_closed(std::move(why));
}

void DotConnection::State::say_goodbye() {
  if (owner_ == nullptr) return;
  tls_.close();
  if (const Bytes rest = tls_.pending(); !rest.empty())
    static_cast<void>(::send(socket_.get(), rest.data(), rest.size(), send_flags));
}

/// The kernel's figure is the age of the last acknowledgement, which is old after any lull.
Duration DotConnection::State::unacknowledged() const {
  return std::min(unacknowledged_for(socket_.get()), loop_.now() - quiet_since_);
}

DotConnection::DotConnection(Loop& loop, ConnectedSocket socket, const DotShared& shared, Owner& owner)
    : state_(std::make_shared<State>(loop, std::move(socket), shared, owner)) {
  state_->start();
}

DotConnection::~DotConnection() { state_->abandon(); }

void DotConnection::send(Tag tag, const Message& query) { state_->send(tag, query); }
void DotConnection::close() { state_->say_goodbye(); }
std::shared_ptr<const ConnectionFacts> DotConnection::facts() const { return state_->facts; }
std::optional<Duration> DotConnection::idle_limit() const { return state_->idle_limit; }
Duration DotConnection::unacknowledged() const { return state_->unacknowledged(); }

}  // namespace tacet
