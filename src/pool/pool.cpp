#include "pool/pool.hpp"

#include <algorithm>
#include <new>
#include <utility>

#include "base/log.hpp"

namespace tacet {
namespace {

using Event = ExchangePlan::Event;
using Action = ExchangePlan::Action;

/// With more outstanding queries than this, the load causes the delay, and second copies would add to it.
constexpr std::uint32_t most_outstanding_for_hedge = 64;

}  // namespace

Pool::Pool(Scheduler& scheduler, TaskGroup& tasks, Metrics& metrics, std::vector<UpstreamOperator> operators)
    : scheduler_(scheduler),
      tasks_(tasks),
      metrics_(metrics),
      asleep_(scheduler.clock().asleep()) {
  for (std::size_t place = 0; place < operators.size(); ++place)
    for (UpstreamService& service : operators[place].services) {
      servers_.push_back(std::make_unique<PoolServer>(operators[place].name, place, std::move(service.channels)));
      servers_.back()->is_reserve = service.is_reserve;
    }
}

Task<Result<Response>> Pool::exchange(const Message& message, Instant deadline) {
  const SharedQuery query = begin(message, deadline);
  query->first->server->open_second(*query->first, scheduler_.now());
  PoolQuery::Waiter waiter(scheduler_, *query);
  while (const std::optional<Instant> until = advance(query)) co_await waiter.event.wait(*until);
  co_return query->outcome();
}

/// Such a question is tacet's own. The four of one proof are no traffic that wants a second connection: the next one
/// would wait for its handshake.
Task<Result<Response>> Pool::exchange_elsewhere(const Message& message, Instant deadline,
                                                std::span<const std::string> passed_over) {
  const SharedQuery query = begin(message, deadline, passed_over);
  PoolQuery::Waiter waiter(scheduler_, *query);
  while (const std::optional<Instant> until = advance(query)) co_await waiter.event.wait(*until);
  co_return query->outcome();
}

/// Carries out the plan up to its next wait, and returns the end of that wait; nothing if the plan has finished.
std::optional<Instant> Pool::advance(const SharedQuery& query) {
  for (Event event = query->event();;) {
    const ExchangePlan::Step step = query->plan.next(event, scheduler_.now());
    if (step.action == Action::finish) return std::nullopt;
    if (step.action == Action::wait) return step.until;
    event = carry_out(query, step);
  }
}

/// Starts the first attempt, and opens or probes other channels if the traffic calls for it.
Pool::SharedQuery Pool::begin(const Message& message, Instant deadline, std::span<const std::string> passed_over) {
  const Instant now = scheduler_.now();
  notice_suspend(now);
  hedging_.budget().earn();
  auto query = std::make_shared<PoolQuery>(message, deadline);
  query->order = ranked(servers_);
  if (!passed_over.empty()) put_last(query->order, passed_over);
  const auto& order = query->order;
  PoolChannel& first = order.front()->choose_channel(now);
  query->plan = ExchangePlan({
      .begun = now,
      .deadline = deadline,
      .servers = static_cast<std::uint32_t>(order.size()),
      .warm = first.upstream->warm(),
      .same_operator = order.size() > 1 && order[1]->operator_place == order[0]->operator_place,
      .hedge_delay = hedging_.delay_on(first),
      .usual = first.times().typical(),
  });
  query->first = query->last = &first;
  query->first_number = first.sent + 1;
  start(query, first, Purpose::first);
  probe(message, deadline, *order.front());
  return query;
}

/// Drops the connections made before a suspend: they are dead, even if they look alive.
void Pool::notice_suspend(Instant now) {
  if (std::exchange(looked_, now) == now) return;
  const Duration before = std::exchange(asleep_, scheduler_.clock().asleep());
  if (asleep_ - before > std::chrono::seconds(1)) network_changed();
}

Event Pool::carry_out(const SharedQuery& query, const ExchangePlan::Step& step) {
  PoolChannel& last = *query->last;
  switch (step.action) {
    case Action::look:
      return query->first_is_silent() ? Event::silent : Event::heard;
    case Action::hedge:
      return hedge(query);
    case Action::next_server:
      return fall_back(query, &query->order[step.server]->choose_channel(scheduler_.now()));
    default: {  // another channel: an open one first, otherwise one that must connect
      PoolChannel* other = channel_for_copy(servers_, last, query->first);
      return fall_back(query, other != nullptr ? other : last.server->unopened_channel(last));
    }
  }
}

Event Pool::fall_back(const SharedQuery& query, PoolChannel* channel) {
  if (channel == nullptr) return Event::nobody_left;
  query->last = channel;
  ++metrics_.retries;
  start(query, *channel, Purpose::fallback);
  return Event::asked;
}

/// Sends a second copy of a query that seems lost, over another of the operator's connections. If that stays silent
/// too, the next copy goes over a third connection, otherwise over the first one. There it follows the lost segment, so
/// the receiver reports the gap long before the timer of the lone segment fires.
Event Pool::hedge(const SharedQuery& query) {
  const Hedging::Verdict verdict = hedging_.judge(*query, scheduler_.now());
  if (verdict != Hedging::Verdict::lost)
    return verdict == Hedging::Verdict::settled ? Event::settled : Event::not_copied;
  PoolChannel& first = *query->first;
  PoolChannel* const former = query->copied_to;
  first.stalled = true;
  if (former != nullptr) former->stalled = true;
  PoolChannel* other = channel_for_copy(servers_, first, former);
  if (other == nullptr && former != nullptr) other = &first;
  if (other == nullptr || first.outstanding > most_outstanding_for_hedge) return Event::settled;
  HedgeBudget& budget = hedging_.budget();
  if ((former != nullptr && !budget.affords_another()) || !budget.spend()) {
    ++metrics_.hedges_denied;
    return Event::not_copied;
  }
  ++metrics_.hedges_sent;
  query->copied_to = other;
  start(query, *other, Purpose::hedge);
  return Event::copied;
}

/// Probes failing servers of operators that rank at or above the chosen server's operator. The query does not wait for
/// them.
void Pool::probe(const Message& message, Instant deadline, const PoolServer& chosen) {
  for (const auto& server : servers_) {
    if (server.get() == &chosen || server->operator_place > chosen.operator_place) continue;
    if (!server->health.probe_due(scheduler_.now())) continue;
    start(std::make_shared<PoolQuery>(message, deadline), server->channels.front(), Purpose::probe);
  }
}

void Pool::start(const SharedQuery& query, PoolChannel& channel, Purpose purpose) {
  ++query->running;
  try {
    tasks_.spawn(attempt(query, channel, purpose));
  } catch (const std::bad_alloc&) {
    --query->running;
    if (purpose == Purpose::first) throw;
    log::escaped("a further query to an upstream");  // the other attempts may still be answered
  }
}

Task<void> Pool::attempt(SharedQuery query, PoolChannel& channel, Purpose purpose) {
  const bool was_warm = channel.upstream->warm();
  const PoolChannel::Sent sent = channel.send(scheduler_.now());
  try {
    Task<Result<Response>> exchange = channel.upstream->exchange(query->message, query->deadline);
    Result<Response> result = co_await std::move(exchange);
    ended({query, channel, sent, was_warm, purpose}, std::move(result));
  } catch (const std::bad_alloc&) {
    log::escaped("a query to an upstream");
    ended({query, channel, sent, was_warm, purpose}, fail(Fault::overloaded, "out of memory"));
  }
}

/// Needs no memory.
void Pool::ended(const Attempt& attempt, Result<Response> result) {
  PoolQuery& query = *attempt.query;
  attempt.channel.settle();
  measure(attempt, result);
  if (attempt.purpose == Purpose::first && query.copy_won && gained(query, result.has_value()))
    hedging_.budget().refund();
  if (result && !query.answered()) {
    if (attempt.purpose == Purpose::hedge && !is_failure(result->message)) {
      ++metrics_.hedges_won;
      query.copy_won = scheduler_.now();
      open_spare(attempt.query);
    }
    if (attempt.purpose == Purpose::fallback) blame(query, attempt.channel);
  }
  query.ended(std::move(result));
}

/// A second copy has won, and now the first attempt has ended. A name that is slow upstream has its answers ready at
/// the same time, and jitter lets either of them win: that gives the client nothing.
bool Pool::gained(const PoolQuery& query, bool first_answered) const {
  return !first_answered || 4 * (scheduler_.now() - *query.copy_won) >= query.first->times().typical();
}

void Pool::measure(const Attempt& attempt, const Result<Response>& result) {
  const auto& [query, channel, sent, was_warm, purpose] = attempt;
  const Instant now = scheduler_.now();
  if (was_warm) hedging_.learn(query->message.question().name, channel, {sent.at, now, result.has_value()});
  if (result) return channel.answered(sent, result->exchange.round_trip, now);
  const Fault fault = result.error().fault;
  if (fault == Fault::mismatched || fault == Fault::malformed || fault == Fault::protocol) ++metrics_.bad_answers;
  channel.server->failed(fault, sent.at, now);
}

/// A fallback has answered and the first attempt has not. If another server answered and the first one is silent, the
/// first one counts as failed now: its deadlines would show the same only seconds later, and every query would wait
/// until then. If another channel of the same server answered, the first channel gets no query until it answers or owes
/// no answer.
void Pool::blame(const PoolQuery& query, const PoolChannel& answerer) {
  if (answerer.server == query.first->server)
    query.first->stalled = query.first->outstanding > 0;
  else if (query.first_is_silent())
    query.first->server->health.failed(scheduler_.now());
}

/// A second copy that won shows that queries get lost. Then one more connection pays: a copy over it waits for no other
/// query's loss. A copy of the present query opens it, because DoH connects only with a query.
void Pool::open_spare(const SharedQuery& query) {
  PoolChannel* spare = query->first->server->open_spare(scheduler_.now());
  if (spare == nullptr || spare->outstanding > 0 || !hedging_.budget().plenty() || !hedging_.budget().spend()) return;
  ++metrics_.hedges_sent;
  start(query, *spare, Purpose::spare);
}

void Pool::prepare() { servers_.front()->choose_channel(scheduler_.now()).upstream->prepare(); }

bool Pool::warm() const {
  return std::ranges::any_of(servers_, [](const auto& server) { return server->warm(); });
}

bool Pool::held_up() const { return servers_.front()->channels.front().upstream->held_up(); }

UpstreamState Pool::state() const {
  UpstreamState sum;
  sum.warm = warm();
  for (const auto& server : servers_)
    for (const PoolChannel& channel : server->channels) sum.outstanding += channel.outstanding;
  return sum;
}

void Pool::network_changed() {
  for (const auto& server : servers_) server->network_changed();
}

void Pool::count_as_failing(std::span<const std::string> ids) {
  for (const auto& server : servers_)
    if (std::ranges::find(ids, server->channels.front().upstream->id()) != ids.end())
      server->health.failed(scheduler_.now());
}

std::vector<ChannelReport> Pool::reports() const {
  std::vector<ChannelReport> reports;
  for (const auto& server : servers_)
    for (const PoolChannel& channel : server->channels)
      reports.push_back({std::string(channel.upstream->id()), server->operator_name, server->health.good(),
                         channel.latency.percentile(0.5), channel.latency.percentile(0.95),
                         channel.latency.percentile(0.99), channel.upstream->state()});
  return reports;
}

std::vector<ServerExplanation> Pool::explanation() const {
  std::vector<ServerExplanation> explanation;
  for (const PoolServer* server : ranked(servers_)) {
    const PoolChannel& first = server->channels.front();
    explanation.push_back({std::string(first.upstream->id()), server->operator_name, server->health.good(),
                           server->warm(), first.latency.typical(), first.upstream->state().facts});
  }
  return explanation;
}

}  // namespace tacet
