#include "transport/quic/doq.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>
#include <vector>

#include "base/shield.hpp"
#include "dns/answer_check.hpp"
#include "dns/packed_question.hpp"
#include "dns/wire.hpp"
#include "transport/dial/socket.hpp"
#include "transport/framing.hpp"
#include "transport/quic/quic_engine.hpp"
#include "transport/quic/stream_credit.hpp"
#include "transport/quic/stream_window.hpp"

namespace tacet {
namespace {

/// Give up an unanswered query after this time: its owner gave up long before.
constexpr Duration lapse = std::chrono::seconds(30);
/// An idle connection serves no timer later than this. OpenSSL would use it to send packets that keep the peer awake.
constexpr Duration idle_horizon = std::chrono::seconds(1);
/// How long before the server's limit an idle connection ends, so that no query meets a connection that is gone.
constexpr Duration least_margin = std::chrono::milliseconds(500);
/// Added to two round trips: an acknowledgement may take 25 ms, and a busy machine as long again.
constexpr Duration least_patience = std::chrono::milliseconds(50);
/// Before queries that wait for a stream are tried again.
constexpr Duration shortest_wait = std::chrono::milliseconds(1);
constexpr std::size_t length_size = 2;
constexpr std::size_t most_waiting = 4096;
/// A query that has waited so long for a stream is given up: the streams are for those that can still be answered in
/// time.
constexpr Duration longest_wait_for_stream = std::chrono::seconds(2);
/// The octets that a packet of 1200 has for streams, and those that each stream adds; both with a margin.
constexpr std::size_t packet_room = 1100, stream_frame_head = 8;

/// A query, framed for its stream with the ID 0 (RFC 9250 §4.2.1).
struct UnsentQuery {
  Tag tag;
  PackedQuestion question;
  std::vector<std::uint8_t> frame;
  Instant since;
};

struct AskedQuery {
  Tag tag;
  PackedQuestion question;
  Instant sent;
  std::uint64_t number;  // of its stream
  QuicStream stream;
  std::vector<std::uint8_t> octets{};  // of the answer
  bool is_over = false;
  bool is_answered = false;  // the end of the stream is still to come
  bool is_acknowledged = false;
};

struct DoqOutcome {
  Tag tag;
  Result<Message> answer;
};

}  // namespace

/// Shared, so that the owner may destroy the connection in any callback: the calling function holds a share, and goes
/// on only if `owner_` is still set.
class DoqConnection::State : public std::enable_shared_from_this<State> {
public:
  State(Loop& loop, ConnectedSocket socket, Owner& owner);

  void abandon();
  void send(Tag tag, const Message& query);
  void say_goodbye();
  std::optional<Duration> idle_limit() const;
  Duration unacknowledged();

  std::shared_ptr<ConnectionFacts> facts = std::make_shared<ConnectionFacts>();

private:
  template <class Work>
  void guarded(Work&& work) noexcept;
  void on_ready(Watch::Ready ready);
  void go_on();
  void announce();
  Result<void> send_queries();
  std::optional<StreamWindow::Oldest> oldest() const;
  Instant next_stream_at() const;
  bool reached(AskedQuery& asked) const;
  Result<void> collect(std::vector<DoqOutcome>& outcomes);
  Result<void> read(AskedQuery& asked, std::vector<DoqOutcome>& outcomes);
  void deliver(std::vector<DoqOutcome> outcomes);
  Duration patience() const;
  void look_for_shortage();
  void plan();
  void finish(Error why, DoqError said = DoqError::none);
  std::unexpected<Error> broken_rule(std::string_view what) const;
  QuicEngine& engine() const { return *socket_.quic(); }

  Loop& loop_;
  ConnectedSocket socket_;
  Owner* owner_;    // null once the connection is over or abandoned
  Watch watch_;     // behind the socket: gone before its descriptor is closed
  AsyncCall turn_;  // sends at the end of a turn what the turn asked
  Alarm due_;
  std::vector<UnsentQuery> unsent_;
  std::vector<AskedQuery> asked_;  // the oldest first; behind the socket: gone before its engine
  StreamCredit credit_;
  StreamWindow window_;
  std::uint64_t streams_ = 0;  // opened so far
  Instant last_received_;
  std::optional<Instant> unheard_since_;  // when the first query was sent since something came
  Duration quickest_ = Duration::max();   // answer so far
  bool is_announced_ = false;
  bool is_short_ = false;
};

DoqConnection::State::State(Loop& loop, ConnectedSocket socket, Owner& owner)
    : loop_(loop),
      socket_(std::move(socket)),
      owner_(&owner),
      watch_(loop, socket_.get(), [this](Watch::Ready ready) { guarded([this, ready] { on_ready(ready); }); }),
      turn_(loop, [this] { guarded([this] { go_on(); }); }),
      due_(loop.scheduler(), [this] { guarded([this] { go_on(); }); }),
      last_received_(loop.now()) {
  *facts = socket_.facts(Transport::doq);
  engine().describe(*facts);
  watch_.want_read(true);
  turn_.post();
}

void DoqConnection::State::abandon() {
  owner_ = nullptr;
  watch_.want_read(false);
  watch_.want_write(false);
  due_.disarm();
}

void DoqConnection::State::send(Tag tag, const Message& query) {
  if (owner_ == nullptr || unsent_.size() >= most_waiting) return;  // no answer, as if the server had lost it
  UnsentQuery unsent{tag, PackedQuestion(query.question()), {}, loop_.now()};
  append_frame(unsent.frame, query.wire());
  store16(unsent.frame, length_size, 0);
  unsent_.push_back(std::move(unsent));
  turn_.post();
}

/// Handles every event. Lack of memory ends the connection, because it may have lost a part of an answer. The owner
/// sends its queries over another connection.
template <class Work>
void DoqConnection::State::guarded(Work&& work) noexcept {
  const auto self = shared_from_this();
  if (owner_ == nullptr) return;
  static_cast<void>(shielded(false, [&] { return work(), true; }) ||
                    shielded(false, [&] { return finish({Fault::overloaded, "out of memory"}), true; }));
}

void DoqConnection::State::on_ready(Watch::Ready ready) {
  if (ready == Watch::Ready::write) return go_on();
  if (const Result<void> reached = finish_connect(socket_.get()); !reached)
    return finish({reached.error().fault, facts->address + ": " + reached.error().detail});
  last_received_ = loop_.now();
  unheard_since_.reset();
  owner_->on_received();
  if (owner_ != nullptr) go_on();
}

void DoqConnection::State::go_on() {
  if (!is_announced_) announce();
  if (owner_ == nullptr) return;
  const Result<void> turned = send_queries();
  std::vector<DoqOutcome> outcomes;
  const Result<void> read = collect(outcomes);  // also what came before a goodbye
  deliver(std::move(outcomes));
  if (owner_ == nullptr) return;
  if (!turned) return finish(turned.error());
  if (!read) return finish(read.error(), DoqError::protocol);
  look_for_shortage();
  if (owner_ != nullptr) plan();
}

void DoqConnection::State::announce() {
  is_announced_ = true;
  owner_->on_established();
}

/// Nothing if every query is answered.
std::optional<StreamWindow::Oldest> DoqConnection::State::oldest() const {
  const auto found = std::ranges::find(asked_, false, &AskedQuery::is_answered);
  if (found == asked_.end()) return std::nullopt;
  return StreamWindow::Oldest{found->number, found->sent};
}

/// When the next query may be sent.
Instant DoqConnection::State::next_stream_at() const { return window_.may_open(streams_, oldest(), patience()); }

bool DoqConnection::State::reached(AskedQuery& asked) const {
  asked.is_acknowledged = asked.is_acknowledged || engine().is_acknowledged(asked.stream);
  return asked.is_acknowledged;
}

/// Fills one packet after the other with whole queries, so that no query needs two packets to arrive.
Result<void> DoqConnection::State::send_queries() {
  Result<void> turned = engine().turn();
  const Instant too_old = loop_.now() - longest_wait_for_stream;
  std::erase_if(unsent_, [too_old](const UnsentQuery& each) { return each.since < too_old; });
  std::size_t opened = 0, octets = 0;
  while (turned && opened < unsent_.size() && next_stream_at() <= loop_.now()) {
    UnsentQuery& next = unsent_[opened];
    if (octets > 0 && octets + next.frame.size() > packet_room) {
      turned = engine().turn();
      octets = 0;
      continue;
    }
    std::optional<QuicStream> stream = engine().ask(next.frame);
    if (!stream) break;
    if (!unheard_since_) unheard_since_ = loop_.now();
    asked_.push_back({next.tag, std::move(next.question), loop_.now(), streams_++, std::move(*stream)});
    octets += next.frame.size() + stream_frame_head;
    ++opened;
  }
  unsent_.erase(unsent_.begin(), unsent_.begin() + static_cast<std::ptrdiff_t>(opened));
  return turned && octets > 0 ? engine().turn() : turned;
}

/// Reads every stream. An error is the server's breach of a rule, which ends the connection (RFC 9250 §4.3.3).
Result<void> DoqConnection::State::collect(std::vector<DoqOutcome>& outcomes) {
  const Instant long_ago = loop_.now() - lapse;
  for (AskedQuery& each : asked_) {
    if (Result<void> done = read(each, outcomes); !done) return done;
    each.is_over = each.is_over || each.sent < long_ago;
  }
  std::erase_if(asked_, [](const AskedQuery& each) { return each.is_over; });
  return {};
}

Result<void> DoqConnection::State::read(AskedQuery& asked, std::vector<DoqOutcome>& outcomes) {
  const Result<bool> ended = engine().read(asked.stream, asked.octets);
  asked.is_over = !ended || *ended;
  if (!ended && !asked.is_answered) outcomes.push_back({asked.tag, fail(ended.error())});
  const std::size_t have = asked.octets.size();
  const std::size_t size = have < length_size ? 0 : length_size + load16(asked.octets, 0);
  if (have > size && have >= length_size) return broken_rule("more than one answer");
  if (ended && *ended && (have < length_size || have < size)) return broken_rule("a part of an answer");
  if (!ended || asked.is_answered || have < length_size || have < size) return {};
  asked.is_answered = true;
  quickest_ = std::min(quickest_, loop_.now() - asked.sent);
  if (const auto open = oldest()) window_.answered(asked.number, *open);
  if (size >= length_size + 2 && load16(asked.octets, length_size) != 0) return broken_rule("an answer with an ID");
  Result<Message> answer = accept_answer(
      asked.question.unpacked(), 0, {asked.octets.begin() + length_size, asked.octets.end()}, TransportKind::stream);
  if (!answer) answer.error().detail = facts->address + " sent " + answer.error().detail;
  outcomes.push_back({asked.tag, std::move(answer)});
  return {};
}

std::unexpected<Error> DoqConnection::State::broken_rule(std::string_view what) const {
  return fail(Fault::protocol,
              fmt::format("{} sent {} on a stream, against the rules of DNS over QUIC", facts->address, what));
}

void DoqConnection::State::deliver(std::vector<DoqOutcome> outcomes) {
  for (DoqOutcome& each : outcomes)
    if (owner_ != nullptr) owner_->on_answer(each.tag, std::move(each.answer));
}

/// After a query, a server that is there is silent for at most so long. A handshake may have taken a repetition.
Duration DoqConnection::State::patience() const {
  return least_patience + 2 * std::min(quickest_, facts->connect_time);
}

void DoqConnection::State::look_for_shortage() {
  const std::uint64_t left = engine().streams_left();
  if (left == 0 && asked_.empty() && !unsent_.empty())
    return finish({Fault::cancelled, facts->address + " allows no further stream"});
  const bool may_be_dropped = unheard_since_ && loop_.now() >= *unheard_since_ + patience();
  if (is_short_ || (!credit_.is_short(left, asked_.size()) && !may_be_dropped)) return;
  is_short_ = true;
  owner_->on_spent();
}

void DoqConnection::State::plan() {
  watch_.want_write(engine().wants_write());
  const Instant now = loop_.now();
  const bool is_idle = asked_.empty() && unsent_.empty();
  Instant due = Instant::max();
  if (const auto wait = engine().due_in(); wait && !(is_idle && *wait > idle_horizon)) due = now + *wait;
  if (!unsent_.empty() && engine().streams_left() > 0)
    due = std::min(due, std::max(next_stream_at(), now + shortest_wait));
  if (unheard_since_ && !is_short_) due = std::min(due, *unheard_since_ + patience());
  if (due == Instant::max()) return due_.disarm();
  due_.arm(due);
}

void DoqConnection::State::finish(Error why, DoqError said) {
  if (owner_ == nullptr) return;
  engine().close(said);
  Owner* const owner = owner_;
  abandon();
  owner->on_closed(std::move(why));
}

void DoqConnection::State::say_goodbye() {
  if (owner_ != nullptr) engine().close(DoqError::none);
}

std::optional<Duration> DoqConnection::State::idle_limit() const {
  const std::optional<Duration> limit = engine().idle_limit();
  if (!limit) return std::nullopt;
  return *limit - std::max(least_margin, *limit / 8);
}

/// A server acknowledges each query within 25 ms of its arrival (RFC 9000 §13.2.1), however slow its answer is.
Duration DoqConnection::State::unacknowledged() {
  for (AskedQuery& each : asked_)
    if (!reached(each)) return loop_.now() - std::max(each.sent, last_received_);
  return Duration::zero();
}

DoqConnection::DoqConnection(Loop& loop, ConnectedSocket socket, Owner& owner)
    : state_(std::make_shared<State>(loop, std::move(socket), owner)) {}

DoqConnection::~DoqConnection() { state_->abandon(); }

void DoqConnection::send(Tag tag, const Message& query) { state_->send(tag, query); }
void DoqConnection::close() { state_->say_goodbye(); }
std::shared_ptr<const ConnectionFacts> DoqConnection::facts() const { return state_->facts; }
std::optional<Duration> DoqConnection::idle_limit() const { return state_->idle_limit(); }
Duration DoqConnection::unacknowledged() const { return state_->unacknowledged(); }

}  // namespace tacet
