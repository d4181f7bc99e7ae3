#include "transport/plain/do53.hpp"

#include <fmt/format.h>

#include <utility>

#include "transport/dial/socket.hpp"
#include "transport/plain/plain_query.hpp"

namespace tacet {
/// One of the places for running queries, or a place in the queue for one.
class Do53::Turn {
public:
  explicit Turn(Do53& server) : server_(server), event_(server.loop_.scheduler()) {
    place_ = server.waiting_.insert(server.waiting_.end(), this);
    if (server.running_ < most_at_once) take();
  }
  ~Turn() {
    if (!taken_) {
      server_.waiting_.erase(place_);
      return;
    }
    --server_.running_;
    if (!server_.waiting_.empty()) server_.waiting_.front()->take();
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

  /// True once the place is ours, false if `until` came first.
  auto wait(Instant until) { return event_.wait(until); }

private:
  void take() {
    server_.waiting_.erase(place_);
    ++server_.running_;
    taken_ = true;
    event_.set();
  }

  Do53& server_;
  AutoResetEvent event_;
  std::list<Turn*>::iterator place_;
  bool taken_ = false;
};

/// The outcome of a query in one wording.
struct Do53::Try {
  Result<PlainAnswer> answer;
  std::optional<Error> by_tcp = std::nullopt;  ///< why TCP did not bring the rest of a truncated answer

  bool with_opt() const { return answer && answer->asked_with_opt; }
  std::optional<Rcode> rcode() const { return answer ? std::optional(answer->message.rcode()) : std::nullopt; }
  bool is_whole() const { return answer && !by_tcp; }
};

Do53::Do53(Loop& loop, SocketAddress server, ViaConfig via)
    : loop_(loop),
      server_(std::move(server)),
      via_(std::move(via)),
      id_(to_string(server_)) {
  ConnectionFacts facts;
  facts.transport = Transport::udp;
  facts.address = id_;
  facts.interface = via_.interface;
  facts_ = std::make_shared<const ConnectionFacts>(std::move(facts));
  counters_.facts = facts_;
}

Do53::~Do53() = default;

Task<Result<Response>> Do53::exchange(const Message& query, Instant deadline) {
  ++counters_.outstanding;
  struct Counted {
    std::uint32_t& count;
    ~Counted() { --count; }
  } const counted{counters_.outstanding};
  Turn turn(*this);
  const bool is_our_turn = co_await turn.wait(deadline);
  if (!is_our_turn || loop_.now() >= deadline)
    co_return fail(Fault::timeout, fmt::format("{} has too many queries unanswered", id_));
  const Instant sent = loop_.now();
  Result<Message> answer = co_await converse(query, deadline);
  co_return outcome(std::move(answer), sent);
}

Task<Result<Message>> Do53::converse(const Message& query, Instant deadline) {
  const Result<KernelAddress> where = kernel_address(server_);
  if (!where) co_return fail(where.error());
  const std::uint16_t id = ids_.next();
  const auto other_id = static_cast<std::uint16_t>(id ^ (ids_.next() | 1));
  const PlainQuery wordings(query, id, other_id);
  PlainExchange exchange(loop_, {*where, via_}, wordings);

  const bool with_opt = edns_.takes_opt(loop_.now());
  Try made = co_await attempt(exchange, with_opt, deadline);
  if (with_opt && may_dislike_opt(made)) {
    Try again = co_await attempt(exchange, false, deadline);
    if (again.is_whole() && again.rcode() != (made.is_whole() ? made.rcode() : std::nullopt)) {
      edns_.dislikes(made.answer && says_opt_is_wrong(*made.rcode()), loop_.now());
      made = std::move(again);
    }
  } else if (with_opt && made.is_whole()) {
    const bool tells = made.rcode() == Rcode::noerror || made.rcode() == Rcode::nxdomain;
    // Silence proves little, because two datagrams may be lost.
    if (!made.with_opt() && tells) edns_.dislikes(false, loop_.now());
    if (made.with_opt()) edns_.liked(made.answer->message);
  }
  if (!made.answer) co_return fail(std::move(made.answer.error()));
  if (made.by_tcp && made.answer->message.index().answers == 0)
    co_return fail(made.by_tcp->fault, "its answer is too large for UDP, and by TCP: " + made.by_tcp->detail);
  co_return std::move(made.answer->message);
}

/// Asks by UDP, and by TCP after a truncated answer. A TCP attempt with OPT ends early enough for one without. Answers
/// by UDP may not come at all: a server may send them from another of its addresses, and a tunnel may carry TCP only.
Task<Do53::Try> Do53::attempt(PlainExchange& exchange, bool with_opt, Instant deadline) {
  if (loop_.now() < by_tcp_until_) {
    Result<PlainAnswer> answer = co_await exchange.by_tcp(with_opt, deadline);
    if (answer) co_return Try{std::move(answer)};
    by_tcp_until_ = Instant::min();
  }
  Result<PlainAnswer> first = co_await exchange.by_udp(with_opt, deadline);
  if (!first && first.error().fault == Fault::unreachable) first = co_await exchange.by_tcp(with_opt, deadline);
  Try made{std::move(first)};
  if (made.answer && made.answer->came_by == TransportKind::stream) note_tcp_only();
  if (!made.answer || !made.answer->message.index().has(flag::tc)) co_return made;
  const Instant now = loop_.now();
  Result<PlainAnswer> whole =
      co_await exchange.by_tcp(made.with_opt(), made.with_opt() ? now + (deadline - now) / 2 : deadline);
  if (whole)
    made.answer = std::move(whole);
  else
    made.by_tcp = std::move(whole.error());
  co_return made;
}

bool Do53::may_dislike_opt(const Try& made) const {
  if (!made.answer) return made.answer.error().fault == Fault::malformed;
  if (!made.with_opt()) return false;
  return made.by_tcp || edns_.may_dislike(made.answer->message);
}

void Do53::note_tcp_only() {
  const Instant now = loop_.now();
  if (now >= by_tcp_until_)
    log::info("server {} answers by TCP, and its answers by UDP do not come: tacet asks it by TCP", id_);
  by_tcp_until_ = now + tcp_time;
}

void Do53::network_changed() {
  edns_.forget();
  by_tcp_until_ = Instant::min();
}

Result<Response> Do53::outcome(Result<Message> answer, Instant sent) {
  if (answer) {
    ++counters_.answers;
    if (std::exchange(told_of_failure_, false)) log::info("server {} works again", id_);
    return Response{*std::move(answer), {id_, facts_, loop_.now() - sent}};
  }
  ++counters_.failures;
  counters_.last_error = answer.error().detail;
  const bool is_ours = answer.error().fault == Fault::overloaded;
  if (!is_ours && !told_of_failure_ && failure_log_.pass(loop_.now())) {
    told_of_failure_ = true;
    log::warn("server {} fails: {}", id_, answer.error().detail);
  }
  return fail(answer.error().fault, fmt::format("{}: {}", id_, answer.error().detail));
}

UpstreamState Do53::state() const {
  UpstreamState state = counters_;
  state.warm = true;
  return state;
}

}  // namespace tacet
