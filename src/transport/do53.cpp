#include "transport/do53.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/shield.hpp"
#include "dns/edns.hpp"
#include "transport/ares_channel.hpp"

namespace tacet {
namespace {

/// A datagram that was lost is sent again after this time, then after twice as long, and so on until the deadline.
constexpr int first_timeout_ms = 400;
constexpr int most_tries = 5;

/// The query without its padding, under an ID of its own. The OPT stays the last octets, where c-ares can cut it off
/// for a server that does not know EDNS.
std::vector<std::uint8_t> plain_wire(const Message& query, std::uint16_t id) {
  const Bytes padded = query.wire();
  const auto& index = query.index();
  const std::size_t size = index.has_edns ? index.edns.begins + opt_head_size : padded.size();
  std::vector<std::uint8_t> wire(padded.begin(), padded.begin() + static_cast<std::ptrdiff_t>(size));
  store16(wire, 0, id);
  if (index.has_edns) store16(wire, size - 2, 0);
  return wire;
}

}  // namespace

/// One of the places for queries under way, or a place in the queue for one.
class Do53::Turn {
public:
  explicit Turn(Do53& server) : server_(server), bell_(server.loop_.scheduler()) {
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
  auto wait(Instant until) { return bell_.wait(until); }

private:
  void take() {
    server_.waiting_.erase(place_);
    ++server_.running_;
    taken_ = true;
    bell_.ring();
  }

  Do53& server_;
  Bell bell_;
  std::list<Turn*>::iterator place_;
  bool taken_ = false;
};

/// One query on its way; destroying it gives the query up and closes its socket.
class Do53::Asking {
public:
  explicit Asking(Loop& loop) : answer_(loop.scheduler()), channel_(loop) {}

  void ask(const SocketAddress& server, const std::vector<std::uint8_t>& wire) {
    const AresChannel::Settings settings{.flags = ARES_FLAG_NOCHECKRESP | ARES_FLAG_EDNS,
                                         .timeout_ms = first_timeout_ms,
                                         .tries = most_tries,
                                         .udp_size = safe_udp_size};
    if (const int status = channel_.open({server}, settings); status != ARES_SUCCESS) return failed(status);
    ares_send(channel_.get(), wire.data(), static_cast<int>(wire.size()), &Asking::on_answer, this);
    channel_.rearm();
  }

  auto wait(Instant until) { return answer_.wait(until); }

private:
  void failed(int status) { answer_.deliver(fail(fault_of_ares(status), ares_strerror(status))); }

  static void on_answer(void* self, int status, int, unsigned char* octets, int size) {
    auto& asking = *static_cast<Asking*>(self);
    const bool done = shielded(false, [&] {
      if (status != ARES_SUCCESS) return asking.failed(status), true;
      return asking.answer_.deliver(Message::parse_answer({octets, octets + size})), true;
    });
    if (!done) asking.answer_.deliver(fail(Fault::overloaded, "out of memory"));
  }

  OneShot<Result<Message>> answer_;
  AresChannel channel_;  // last: its end calls back
};

Do53::Do53(Loop& loop, SocketAddress server) : loop_(loop), server_(std::move(server)), id_(to_string(server_)) {
  ConnectionFacts facts;
  facts.transport = Transport::udp;
  facts.address = id_;
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
  Asking asking(loop_);
  asking.ask(server_, plain_wire(query, ids_.next()));
  std::optional<Result<Message>> answer = co_await asking.wait(deadline);
  if (!answer) answer.emplace(fail(Fault::timeout, "no answer in time"));
  if (*answer && !((*answer)->question() == query.question()))
    answer.emplace(fail(Fault::mismatched, "an answer to another question"));
  co_return outcome(std::move(*answer), sent);
}

Result<Response> Do53::outcome(Result<Message> answer, Instant sent) {
  if (answer) {
    ++counters_.answers;
    failing_ = false;
    if (std::exchange(told_of_failure_, false)) log::info("server {} works again", id_);
    return Response{*std::move(answer), {id_, facts_, loop_.now() - sent, true}};
  }
  ++counters_.failures;
  counters_.last_error = answer.error().detail;
  const bool is_ours = answer.error().fault == Fault::overloaded;
  if (!is_ours && !std::exchange(failing_, true) && failure_log_.pass(loop_.now())) {
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
