#include "transport/channel.hpp"

#include <algorithm>
#include <new>
#include <utility>

#include "base/flagged.hpp"
#include "transport/channel_link.hpp"

namespace tacet {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration least_race_after = milliseconds(500), most_race_after = seconds(2);
constexpr Duration least_silence_limit = milliseconds(1500);
constexpr Duration watch_interval = milliseconds(250);
/// After such a pause a connection may be dead without a sign.
constexpr Duration doubted_after = seconds(15);
/// How late an acknowledgement is late after a pause, beyond the usual time of an answer.
constexpr Duration least_lateness = milliseconds(3);
/// A race for a connection goes on for this time after its last query gave up, so that it notices the end of an outage
/// early.
constexpr Duration race_beyond_demand = seconds(3);

/// After this time without a TCP connection the server counts as unreachable by this way. A tunnel may take longer, and
/// so does a slow link.
Duration unreachable_after(const DialPath& path, std::optional<Duration> usual) {
  if (path.proxy.is_used()) return seconds(3);
  return std::max<Duration>(milliseconds(700), 2 * usual.value_or(Duration::zero()));
}

}  // namespace

Channel::Channel(UpstreamServer& service, std::size_t number)
    : server_(service),
      number_(number),
      id_(number == 0 ? service.context().config.url : fmt::format("{}#{}", service.context().config.url, number + 1)),
      connector_(service.context().loop,
                 {service.book(), service.context().budget, service.path(), service.quic_client()},
                 {[this](ConnectedSocket socket) { connected(std::move(socket)); },
                  [this](const Error& error) { round_failed(error); }}),
      watch_(scheduler(), [this] { on_watch(); }),
      greeting_(scheduler(), [this] { on_late_greeting(); }),
      way_(service.path()->rung),
      idle_(scheduler(), [this] { on_idle(); }) {}

Channel::~Channel() = default;

Task<Result<Response>> Channel::exchange(const Message& query, Instant deadline) {
  Call call(*this, query);
  submit(call);
  std::optional<Result<Response>> answer = co_await call.answer.wait(deadline);
  if (!answer && call.with_opt) co_return std::move(*call.with_opt);
  if (!answer) {
    ++counters_.failures;
    if (!current_ && shortage_) co_return fail(*shortage_);
    co_return fail(Fault::timeout, fmt::format("{} did not answer in time", id_));
  }
  co_return std::move(*answer);
}

void Channel::prepare() {
  if (current_ || connector_.running() || !briefs_.empty()) return;
  demand_connection();
  rest();
}

void Channel::submit(Call& call) {
  call.tag = next_tag_++;
  call.sent = now();
  word(call);
  if (doubts_connection()) {
    doubtful_ = true;
    current_->pause = now() - current_->last_received;
  }
  calls_.emplace(call.tag, &call);
  idle_.disarm();
  for (Link* link : {current_.get(), fresh_.get()})
    if (link != nullptr) feed(*link);
  watch_greetings();
  if (!current_) demand_connection();
  const Duration usual = latency_.typical();
  watch(doubtful_ ? std::min(race_after(), usual + std::max(least_lateness, usual / 4)) : race_after());
}

/// True if the next query is the first one after a pause, and if it is known how long an answer takes.
bool Channel::doubts_connection() const {
  return calls_.empty() && current_ && current_->is_established && !fresh_ && latency_.count() > 0 &&
         now() - current_->last_received >= doubted_after;
}

/// Sends what was not sent yet, as far as the connection has room.
void Channel::feed(Link& link) {
  std::size_t room = link.room;
  if (room != Caution::no_limit) room -= std::min(room, unanswered_on(link));
  for (auto next = calls_.upper_bound(link.sent_to); next != calls_.end() && room > 0; ++next, --room)
    link.send(next->first, next->second->wording());
}

void Channel::widen(Link& link, std::size_t by) {
  if (link.room == Caution::no_limit) return;
  link.room += by;
  feed(link);
}

// Connecting.

void Channel::demand_connection() {
  if (const auto quota = server_.quota().known(now()); quota && !current_ && !calls_.empty()) return share_out(*quota);
  if (looking_up_) return;
  if (!connector_.running()) {
    dialled_ = now();
    tells_again_ = {};
  }
  server_.renew_addresses();
  if (connector_.running() || !server_.needs_lookup()) return connector_.start();
  try {
    server_.context().tasks.spawn(look_up());
  } catch (const std::bad_alloc&) {  // on_watch() tries again soon
    log::escaped("a look-up of an upstream's address");
  }
}

Task<void> Channel::look_up() {
  std::optional<Flagged> looking(std::in_place, looking_up_);
  const Result<void> found = co_await server_.look_up();
  looking.reset();
  if (found)
    connector_.start();
  else
    round_failed(found.error());
}

void Channel::connected(ConnectedSocket socket) {
  auto& place = current_ ? fresh_ : current_;
  place = std::make_unique<Link>(*this, std::move(socket));
  ++counters_.connections;
  shortage_.reset();
  place->prepared = calls_.empty();
  place->room = caution_.room;
  if (place->prepared) rest();
  feed(*place);
  watch_greetings();
  watch(race_after());
}

void Channel::round_failed(const Error& error) {
  note_failure(error);
  // Our own lack of sockets says nothing about the upstream. A later attempt finds room.
  if (error.fault == Fault::overloaded) return;
  server_.doubt_addresses();
  tell_unreachable(error.fault == Fault::timeout ? GreetingOutcome::dropped : GreetingOutcome::closed);
  if (has_moved()) return dial_afresh();
  // Silence is no reason to fail: the network may come back within the deadline. A refusal fails these queries.
  if (!current_ && error.fault != Fault::timeout) fail_all(error);
}

void Channel::established(Link& link) {
  link.is_established = true;
  counters_.facts = link.connection->facts();
  if (counters_.facts->resumed) ++counters_.resumptions;
  UpstreamConfig dialled = server_.context().config;
  if (link.way == Rung::proxy) dialled.proxy = server_.path()->proxy;
  if (server_.events().on_established) server_.events().on_established(dialled, *counters_.facts);
  tell(link, GreetingOutcome::greeted);
}

// Answers and losses.

void Channel::answered(Link& link, Tag tag, Result<Message> answer) {
  caution_.barren = caution_.accused = 0;
  if (link.answers++ == 0 && answer && briefs_.empty()) server_.context().budget.pace().led_to_answer();
  if (tag == link.asks_name && answer)
    if (const auto name = nsid_of(*answer); !name.empty())
      server_.events().on_named(server_.context().config, link.connection->facts()->address, name);
  const auto found = calls_.find(tag);
  if (found != calls_.end()) {
    Call& call = *found->second;
    if (answer) {
      note_success();
      if (call.was_accused) server_.ended_by_itself();
      const Duration took = now() - std::max(call.sent, link.opened);
      latency_.sample(took);
      ++counters_.answers;
      Response response{std::move(*answer), {id_, link.connection->facts(), took}};
      if (!asks_without_opt(call, response)) deliver(call, std::move(response));
    } else {
      note_failure(answer.error());
      deliver(call, fail(std::move(answer.error())));
    }
  }
  judge_pause(link);
  fresh_ ? settle(link) : end_race(link);
  widen(link, 1);
  if (!briefs_.empty()) brief_answered();
}

/// The first answer after a pause tells whether the connection survived it, or a fresh one had to answer.
void Channel::judge_pause(const Link& answering) {
  if (!current_ || current_->pause == Duration::zero()) return;
  const Duration pause = std::exchange(current_->pause, Duration::zero());
  &answering == current_.get() ? server_.pauses().survived(pause) : server_.pauses().died(pause);
}

/// The successor races the spent connection, so that every query is on one that can answer it.
void Channel::spent(Link& link) {
  if (&link == current_.get() && !fresh_) demand_connection();
}

/// Two connections raced and one of them answered. Keep that one and close the other, unless it has to give way.
void Channel::settle(const Link& winner) {
  if (winner.is_spent && &winner == current_.get()) return;
  if (&winner == fresh_.get()) std::swap(current_, fresh_);
  retire(fresh_);
}

/// The connection that a fresh one was to race has answered, and needs no successor.
void Channel::end_race(const Link& answering) {
  if (&answering == current_.get() && !answering.is_spent) connector_.stop();
}

void Channel::deliver(Call& call, Result<Response> result) {
  calls_.erase(call.tag);
  doubtful_ = false;
  if (!result && call.with_opt) result = std::move(*call.with_opt);
  if (!result) ++counters_.failures;
  call.answer.deliver(std::move(result));
  if (!calls_.empty()) return;
  caution_ = {};
  watch_.disarm();
  rest();
}

/// The connection had time to answer and did not. Only answers count: a server that answers nothing more may still send
/// other octets.
void Channel::given_up(const Call& call) {
  if (!current_ || call.tag > current_->sent_to || now() - std::max(call.sent, current_->last_answered) < race_after())
    return;
  current_->leave_unanswered(call.query.question().name);
}

/// No query waits. Keep the connection, or the race for one, for a while.
void Channel::rest() {
  const auto said = current_ ? current_->connection->idle_limit() : std::nullopt;
  idle_.arm(now() + (current_ ? said.value_or(server_.idle_limit(number_)) : race_beyond_demand));
}

// Silence.

/// When an answer is late. A round trip over a satellite takes longer than half a second.
Duration Channel::race_after() const {
  const Duration usual = std::max(latency_.typical(), current_ ? current_->connect_time : Duration::zero());
  return std::clamp<Duration>(usual * 3 / 2, least_race_after, most_race_after);
}

void Channel::watch(Duration patience) {
  if (!watch_.armed() && !calls_.empty()) watch_.arm(now() + patience);
}

/// An answer to the first query after a pause is late. Without an acknowledgement the connection may be dead.
void Channel::on_doubt() {
  watch_.arm(now() + race_after());
  if (current_ && !fresh_ && current_->connection->unacknowledged() > Duration::zero()) demand_connection();
}

void Channel::on_watch() {
  if (calls_.empty()) {  // the query that waited has given up
    keep_one_brief(server_.quota().known(now()).value_or(0));
    return rest();
  }
  if (std::exchange(doubtful_, false)) return on_doubt();
  watch_.arm(now() + watch_interval);
  if (!current_ && connector_.running() &&
      now() - dialled_ >= unreachable_after(*server_.path(), server_.book().connect_time()))
    tell_unreachable(GreetingOutcome::dropped);
  if (has_moved()) dial_afresh();
  if (!current_) return demand_connection();
  const Duration silence = now() - std::max(current_->last_received, calls_.begin()->second->sent);
  if (silence < race_after()) return;
  widen(*current_, current_->room);  // the query that it waits for may be a lame one
  if (!suspect(*current_, silence)) return;
  if (silence >= std::max({least_silence_limit, latency_.percentile(0.99) * 3, 2 * race_after()})) {
    note_failure(
        {Fault::timeout, fmt::format("no answer for {:.1f} s", std::chrono::duration<double>(silence).count())});
    retire(current_);
    if (fresh_) return std::swap(current_, fresh_);
    blame_all();
    return reissue({Fault::timeout, "the connection went silent"});
  }
  if (!fresh_) demand_connection();
}

bool Channel::suspect(const Link& link, Duration silence) const {
  if (!link.is_established || link.connection->unacknowledged() >= std::min(silence, race_after())) return true;
  if (link.left_unanswered && link.left_others) return true;
  const Instant long_ago = now() - race_after();
  const Name name = link.left_unanswered.value_or(calls_.begin()->second->query.question().name);
  return std::ranges::any_of(calls_, [&](const auto& entry) {
    return entry.first <= link.sent_to && entry.second->sent <= long_ago &&
           !(entry.second->query.question().name == name);
  });
}

void Channel::retire(std::unique_ptr<Link>& link) { link.reset(); }

void Channel::on_idle() {
  connector_.stop();
  retire(fresh_);
  drop_briefs();
  if (!current_) return;
  current_->connection->close();
  retire(current_);
}

void Channel::network_changed() {
  server_.network_changed();
  way_ = server_.path()->rung;
  greeting_.disarm();
  latency_.clear();
  connector_.stop();
  retire(fresh_);
  retire(current_);
  drop_briefs();
  if (!calls_.empty()) demand_connection();
}

void Channel::note_failure(const Error& error) {
  counters_.last_error = error.detail;
  if (error.fault == Fault::overloaded) return note_shortage(error);  // not the upstream's fault
  if (server_.events().on_failed && server_.may_be_interference(error))
    server_.events().on_failed(server_.context().config, error);
  const bool changed = !std::exchange(failing_, true);
  if (!changed && error.fault != Fault::tls_untrusted) return;
  if (server_.may_say_failing()) log::warn("upstream {} fails: {}", id_, error.detail);
}

/// This machine has no room for a connection. The limit of our own sockets is for outages, and needs no word.
void Channel::note_shortage(const Error& error) {
  shortage_ = error;
  if (!server_.context().budget.has_room() || !shortage_log_.pass(now())) return;
  log::warn("tacet cannot connect to upstream {} for now: {}", id_, error.detail);
}

/// Only an answer on any channel clears the failure: some servers complete the handshake and then answer nothing.
void Channel::note_success() {
  failing_ = false;
  if (server_.works_again()) log::info("upstream {} works again, by {}", id_, counters_.facts->address);
}

bool Channel::warm() const {
  if (!current_) return false;
  const bool greets_by_itself = server_.context().config.encryption == Encryption::dot;
  return current_->is_established || (current_->prepared && !greets_by_itself);
}

bool Channel::held_up() const { return current_ && current_->connection->unacknowledged() > Duration::zero(); }

UpstreamState Channel::state() const {
  UpstreamState state = counters_;
  state.warm = warm();
  state.outstanding = static_cast<std::uint32_t>(calls_.size());
  return state;
}

}  // namespace tacet
