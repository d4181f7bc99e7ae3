#include "pool/upstream_set.hpp"

#include <algorithm>
#include <new>
#include <optional>
#include <utility>

#include "base/log.hpp"

namespace tacet {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// How long a query waits on one channel before another service is asked as well. A connection that has yet to be made
/// needs three round trips; one that is up answers in one, but the upstream's own recursion may take most of a second.
constexpr Duration cold_patience = milliseconds(600), warm_patience = milliseconds(900);
/// And how long if nothing is heard at all: no answer, and no acknowledgement.
constexpr Duration silent_patience = milliseconds(500);
constexpr Duration least_hedge_delay = milliseconds(10);

/// So many times must be known before an answer is called late on nothing but its time.
constexpr std::size_t least_samples_for_guess = 16;

/// A kernel may leave what it received unacknowledged for so long, to send an answer along (Linux: 40 ms).
constexpr Duration delayed_ack = milliseconds(40);

/// The channels of a service that take turns; those behind them are spares, which do so for a while after a loss.
constexpr std::size_t lanes_in_turn = 2;
constexpr Duration spares_in_turn = std::chrono::minutes(1);

/// With nothing left to spend an answer is late only so much of the usual time later.
constexpr double most_thrift = 0.6;

/// When an answer is late: a sixteenth over the median, up to a quarter where jitter moves many by more than that.
Duration hedge_delay_of(const Latency& latency) {
  const Duration typical = latency.typical();
  return std::max(least_hedge_delay, typical + std::clamp(latency.spread(), typical / 16, typical / 4));
}

/// Beyond so many outstanding, what is slow is the load, and hedges would add to it.
constexpr std::uint32_t most_outstanding_for_hedge = 64;
/// A second connection is opened when so many queries came within a second.
constexpr std::uint32_t busy_rate = 4;

bool is_failure(Rcode rcode) { return rcode != Rcode::noerror && rcode != Rcode::nxdomain; }

}  // namespace

struct UpstreamSet::Channel {
  Service* service = nullptr;
  std::unique_ptr<Upstream> upstream;
  Latency latency;
  std::uint64_t sent = 0;             // numbers attempts in the order in which they were sent
  std::uint64_t latest_answered = 0;  // the highest of those numbers that was answered
  Instant latest_answered_sent{};     // and when it was sent
  Instant last_answer{};
  std::uint32_t outstanding = 0;
  bool stalled = false;  // seems to wait for a lost segment; true until it answers again, or owes nothing
};

struct UpstreamSet::Service {
  std::string operator_name;
  std::size_t group = 0;
  std::vector<Channel> channels;
  Health health;
  std::size_t turn = 0;  // alternates over warm channels
  Instant second_begun{};
  std::uint32_t in_second = 0;
  Instant lossy_until{};  // queries got lost of late

  std::size_t in_turn(Instant now) const {
    return now < lossy_until ? channels.size() : std::min(lanes_in_turn, channels.size());
  }
  bool busy(Instant now) {
    if (now - second_begun >= seconds(1)) {
      second_begun = now;
      in_second = 0;
    }
    return ++in_second >= busy_rate;
  }
};

/// One query and the attempts at it; lives until the last of them has ended, for a losing one's time is a sample too.
struct UpstreamSet::Race {
  Race(const Message& asked, Instant until) : query(asked), deadline(until) {}

  Message query;
  Instant deadline;
  AutoResetEvent* event = nullptr;  // of the one who waits, as long as it does
  std::optional<Response> good;
  std::optional<Response> poor;  // an answer, but SERVFAIL or the like
  std::optional<Error> error;
  std::size_t running = 0;
  Channel* first = nullptr;
  std::uint64_t first_number = 0;
  Instant begun{};
  Channel* hedged = nullptr;  // where to, the last time

  void finish(Result<Response> result) {
    --running;
    if (!result)
      error = std::move(result.error());
    else if (is_failure(result->message.rcode()))
      poor = std::move(*result);
    else if (!good)
      good = std::move(*result);
    if (event != nullptr) event->set();
  }
};

/// Hears of a race's progress; in the frame of whoever waits, so that it ends with a cancelled wait.
struct UpstreamSet::Ear {
  Ear(Scheduler& scheduler, Race& listened_to) : event(scheduler), race(listened_to) { race.event = &event; }
  ~Ear() { race.event = nullptr; }
  Ear(const Ear&) = delete;
  Ear& operator=(const Ear&) = delete;

  AutoResetEvent event;
  Race& race;
};

UpstreamSet::UpstreamSet(Scheduler& scheduler, TaskGroup& tasks, Metrics& metrics,
                         std::vector<UpstreamOperator> operators)
    : scheduler_(scheduler),
      tasks_(tasks),
      metrics_(metrics),
      asleep_(scheduler.clock().asleep()) {
  for (std::size_t group = 0; group < operators.size(); ++group) {
    for (UpstreamService& configured : operators[group].services) {
      auto& service = services_.emplace_back(std::make_unique<Service>());
      service->operator_name = operators[group].name;
      service->group = group;
      for (auto& upstream : configured.channels) {
        Channel& channel = service->channels.emplace_back();
        channel.service = service.get();
        channel.upstream = std::move(upstream);
      }
    }
  }
}

UpstreamSet::~UpstreamSet() = default;

Task<Result<Response>> UpstreamSet::exchange(const Message& query, Instant deadline) {
  const Instant begun = scheduler_.now();
  notice_suspend(begun);
  extra_.earn();
  const std::vector<Service*> order = in_order();
  auto race = std::make_shared<Race>(query, deadline);
  Ear ear(scheduler_, *race);
  std::size_t next = 1;
  Channel* channel = &choose_lane(*order.front());
  // A silent service is left sooner, but not for another operator, who would learn the name.
  bool waits_longer = channel->upstream->warm() && order.size() > 1 && order[1]->group == order[0]->group;
  Instant patience = begun + (waits_longer                ? silent_patience
                              : channel->upstream->warm() ? warm_patience
                                                          : cold_patience);
  Duration hedge_delay = hedge_delay_of(times_of(*channel)) + thrift(times_of(*channel));
  Instant hedge_at = begun + hedge_delay;
  start(race, *channel, Purpose::first);
  open_second(*channel);
  probe(query, deadline, *order.front());

  for (;;) {
    const Instant until = std::min({deadline, patience, hedge_at});
    co_await ear.event.wait(until);
    if (race->good) co_return std::move(*race->good);
    const Instant now = scheduler_.now();
    if (now >= deadline) break;
    if (race->running == 0 && next >= order.size()) break;
    if (race->running > 0 && now >= patience && std::exchange(waits_longer, false) && !is_silent(*race)) {
      patience = begun + warm_patience;
    } else if (race->running == 0 || now >= patience) {
      patience = Instant::max();
      if (Channel* other = elsewhere(*race, *channel, order, next)) {
        channel = other;
        ++metrics_.retries;
        start(race, *channel, Purpose::fallback);
        patience = now + cold_patience;
      }
    } else if (now >= hedge_at) {
      // Looked at again at growing intervals, for what is lost may show only later.
      const bool settled = hedge(race);
      if (race->hedged == nullptr) hedge_delay *= 2;
      hedge_at = settled ? Instant::max() : now + hedge_delay;
    }
  }
  if (race->poor) co_return std::move(*race->poor);
  if (race->error) co_return fail(*race->error);
  co_return fail(Fault::timeout, "no upstream answered in time");
}

/// Connections made before a suspend are dead by now, whatever they look like.
void UpstreamSet::notice_suspend(Instant now) {
  if (std::exchange(looked_, now) == now) return;
  const Duration before = std::exchange(asleep_, scheduler_.clock().asleep());
  if (asleep_ - before > seconds(1)) network_changed();
}

/// By how much longer to wait before a second copy, the less there is to spend: where jitter makes many answers late,
/// the budget would go on those, and be gone when a query is lost.
Duration UpstreamSet::thrift(const Latency& times) const {
  return std::chrono::duration_cast<Duration>(times.typical() * (most_thrift * extra_.scarcity()));
}

/// Where to ask next a query that `last` did not answer: each service has its turn; behind them the last one's other
/// connection has one, or a new one if no other is up: a connection may be open, acknowledge everything, and answer
/// nothing more.
UpstreamSet::Channel* UpstreamSet::elsewhere(const Race& race, const Channel& last, const std::vector<Service*>& order,
                                             std::size_t& next) {
  const std::size_t turn = next++;
  if (turn < order.size()) return &choose_lane(*order[turn]);
  if (turn > order.size()) return nullptr;
  Channel* other = partner(last, race.first);
  return other != nullptr ? other : new_connection(last);
}

/// A connection of the same service that is yet to be made; none where the last one could not be made either.
UpstreamSet::Channel* UpstreamSet::new_connection(const Channel& last) {
  if (!last.upstream->warm()) return nullptr;
  const auto other = std::ranges::find_if(
      last.service->channels, [&](const Channel& channel) { return &channel != &last && !channel.upstream->warm(); });
  return other != last.service->channels.end() ? &*other : nullptr;
}

/// The services in the order to try: those that work, then those that do not; in each half operators as configured;
/// inside an operator those that work as configured unless another is markedly faster, and the least failing first.
std::vector<UpstreamSet::Service*> UpstreamSet::in_order() const {
  const auto typical = [](const Service& service) { return service.channels.front().latency.typical(); };
  const auto before = [&](const Service* a, const Service* b) {
    if (a->health.good() != b->health.good()) return a->health.good();
    if (a->group != b->group) return a->group < b->group;
    if (!a->health.good()) return a->health.failures() < b->health.failures();
    const Duration time_a = typical(*a), time_b = typical(*b);
    return time_a > Duration::zero() && time_b > Duration::zero() && time_a * 3 < time_b * 2 &&
           time_b - time_a > milliseconds(5);
  };
  std::vector<Service*> order;
  order.reserve(services_.size());
  for (const auto& service : services_) {  // there are two or four: no sort that wants memory of its own
    const auto place = std::ranges::find_if(order, [&](const Service* other) { return before(service.get(), other); });
    order.insert(place, service.get());
  }
  return order;
}

/// Warm channels in turn, but for those that a loss holds up. Spares take turns as well while queries get lost: with
/// fewer answers on each connection, fewer wait for the loss of another.
UpstreamSet::Channel& UpstreamSet::choose_lane(Service& service) {
  Channel* chosen = nullptr;
  const std::size_t in_turn = service.in_turn(scheduler_.now());
  for (std::size_t i = 0; i < in_turn; ++i) {
    Channel& channel = service.channels[++service.turn % in_turn];
    if (!channel.upstream->warm()) continue;
    if (!channel.stalled) return channel;
    chosen = &channel;
  }
  return chosen != nullptr ? *chosen : service.channels.front();
}

/// A warm channel of the same operator, to ask a second time, but not `nor`: one that no loss holds up, if there is
/// one, and then the one that owes the fewest answers, for it waits for the fewest that may be lost as well.
UpstreamSet::Channel* UpstreamSet::partner(const Channel& channel, const Channel* nor) {
  Channel* best = nullptr;
  const auto burden = [](const Channel& each) { return std::pair(each.stalled, each.outstanding); };
  for (const auto& service : services_) {
    if (service->group != channel.service->group || (service.get() != channel.service && !service->health.good()))
      continue;
    for (Channel& other : service->channels) {
      if (&other == &channel || &other == nor || !other.upstream->warm()) continue;
      if (best == nullptr || burden(other) < burden(*best)) best = &other;
    }
  }
  return best;
}

/// The round-trip times to go by: a channel's own, or those of a sibling that knows more.
const Latency& UpstreamSet::times_of(const Channel& channel) {
  if (channel.latency.count() >= least_samples_for_guess) return channel.latency;
  const auto count = [](const Channel& each) { return each.latency.count(); };
  return std::ranges::max_element(channel.service->channels, {}, count)->latency;
}

void UpstreamSet::start(const std::shared_ptr<Race>& race, Channel& channel, Purpose purpose) {
  ++race->running;
  if (purpose == Purpose::first) {
    race->first = &channel;
    race->first_number = channel.sent + 1;
    race->begun = scheduler_.now();
  }
  try {
    tasks_.spawn(attempt(race, channel, purpose));
  } catch (const std::bad_alloc&) {
    --race->running;
    if (purpose == Purpose::first) throw;
    log::escaped("a further query to an upstream");  // what is under way may still be answered
  }
}

Task<void> UpstreamSet::attempt(std::shared_ptr<Race> race, Channel& channel, Purpose purpose) {
  const std::uint64_t number = ++channel.sent;
  const Instant begun = scheduler_.now();
  const bool was_warm = channel.upstream->warm();
  ++channel.outstanding;
  Result<Response> result = fail(Fault::overloaded, "out of memory");
  try {
    result = co_await channel.upstream->exchange(race->query, race->deadline);
  } catch (const std::bad_alloc&) {
    log::escaped("a query to an upstream");
  }
  if (--channel.outstanding == 0) channel.stalled = false;  // also if all it owed was given up
  if (was_warm) learn_pace(channel, *race, begun, result);
  note(channel, number, begun, result);
  if (purpose == Purpose::hedge && result && !race->good && !is_failure(result->message.rcode())) {
    ++metrics_.hedges_won;
    open_spare(race);
  }
  if (purpose == Purpose::fallback && result && !race->good) blame(*race, channel);
  race->finish(std::move(result));
}

void UpstreamSet::note(Channel& channel, std::uint64_t number, Instant begun, const Result<Response>& result) {
  const Instant now = scheduler_.now();
  if (result) {
    channel.latency.sample(result->exchange.round_trip);
    if (number > channel.latest_answered) {
      channel.latest_answered = number;
      channel.latest_answered_sent = begun;
    }
    channel.last_answer = now;
    channel.stalled = false;
    channel.service->health.succeeded();
    return;
  }
  const Fault fault = result.error().fault;
  if (fault == Fault::mismatched || fault == Fault::malformed || fault == Fault::protocol) ++metrics_.bad_answers;
  // A name that nobody answers, or a second connection that cannot be had, says nothing about a service that has
  // answered others meanwhile.
  const bool works = std::ranges::any_of(channel.service->channels,
                                         [begun](const Channel& other) { return other.last_answer >= begun; });
  if (!works && fault != Fault::cancelled && fault != Fault::overloaded) channel.service->health.failed(now);
}

/// Remembers whether the name's zone is slow upstream. Fast is what came before a hedge would have been due; slow what
/// a query sent well after it has overtaken, on the same connection.
void UpstreamSet::learn_pace(const Channel& channel, const Race& race, Instant begun, const Result<Response>& result) {
  const Latency& times = times_of(channel);
  if (times.count() < least_samples_for_guess) return;
  const Instant now = scheduler_.now();
  const Duration late = hedge_delay_of(times);
  const bool fast = result && now - begun <= late;
  if (fast || channel.latest_answered_sent - begun >= 2 * late) zones_.note(race.query.question().name, fast, now);
}

/// True if a query that is late should be taken for lost. What the kernel holds unacknowledged is lost for sure only
/// after the time that an acknowledgement may take; before that, what is known of the zone decides; where nothing is
/// known of it, only half of the budget may go.
bool UpstreamSet::seems_lost(const Race& race) const {
  const Instant now = scheduler_.now();
  const Latency& times = times_of(*race.first);
  const bool knows_its_time = times.count() >= least_samples_for_guess;
  const bool held_up = race.first->upstream->held_up();
  if (held_up && knows_its_time && now - race.begun >= times.typical() + delayed_ack) return true;
  switch (zones_.of(race.query.question().name, now)) {
    case SlowZones::Pace::slow:
      return false;
    case SlowZones::Pace::fast:
      return held_up || knows_its_time;
    case SlowZones::Pace::unknown:
      break;
  }
  return (held_up || knows_its_time) && extra_.plenty();
}

/// Asks once more over another of the operator's connections a query that seems lost; and, should that one be silent as
/// well, over a third, or else the first: a segment behind a lost one makes the receiver tell of the hole, long before
/// a lone sender's timer. A later query already answered on the first says that this name is merely slow upstream. True
/// if the question is settled.
bool UpstreamSet::hedge(const std::shared_ptr<Race>& race) {
  Channel& first = *race->first;
  if (first.latest_answered > race->first_number) return true;
  const bool again = race->hedged != nullptr;
  if (again && times_of(first).count() < least_samples_for_guess) return true;
  if (!seems_lost(*race)) return false;
  first.stalled = true;
  if (again) race->hedged->stalled = true;
  Channel* other = partner(first, race->hedged);
  if (other == nullptr && again) other = &first;
  if (other == nullptr || first.outstanding > most_outstanding_for_hedge) return true;
  if (!extra_.spend()) {
    ++metrics_.hedges_denied;
    return false;
  }
  ++metrics_.hedges_sent;
  start(race, *other, Purpose::hedge);
  race->hedged = other;
  return again;
}

/// True if the service that was asked first has answered nothing since, and cannot be reached or does not acknowledge.
bool UpstreamSet::is_silent(const Race& race) {
  const auto answered = [&race](const Channel& channel) { return channel.last_answer >= race.begun; };
  if (std::ranges::any_of(race.first->service->channels, answered)) return false;
  return !race.first->upstream->warm() || race.first->upstream->held_up();
}

/// Another service answered what the first did not. If that one is silent it fails: its deadlines would tell the same
/// seconds later, and every query meanwhile would wait. Another connection of the service: the first has no turn until
/// it answers, or is rid of what it owes.
void UpstreamSet::blame(const Race& race, const Channel& answerer) {
  if (answerer.service == race.first->service)
    race.first->stalled = race.first->outstanding > 0;
  else if (is_silent(race))
    race.first->service->health.failed(scheduler_.now());
}

/// Under traffic a service gets its second connection.
void UpstreamSet::open_second(const Channel& first) {
  Service& service = *first.service;
  if (!service.busy(scheduler_.now()) || !service.health.good() || !first.upstream->warm()) return;
  for (std::size_t i = 0; i < std::min(lanes_in_turn, service.channels.size()); ++i)
    if (Channel& channel = service.channels[i]; &channel != &first && !channel.upstream->warm())
      channel.upstream->prepare();
}

/// A hedge that won shows that queries get lost. Then one more connection is worth its keep: a second copy over it
/// waits for no loss of another query. It is opened by a copy of the query at hand, for DoH shakes hands with a query
/// only.
void UpstreamSet::open_spare(const std::shared_ptr<Race>& race) {
  std::vector<Channel>& channels = race->first->service->channels;
  race->first->service->lossy_until = scheduler_.now() + spares_in_turn;
  for (std::size_t i = lanes_in_turn; i < channels.size(); ++i) {
    if (channels[i].upstream->warm()) continue;
    if (channels[i].outstanding > 0 || !extra_.plenty() || !extra_.spend()) return;
    ++metrics_.hedges_sent;
    return start(race, channels[i], Purpose::spare);
  }
}

/// Looks whether failing services that are no less preferred than the chosen one's operator work again, beside a query
/// that does not wait for them.
void UpstreamSet::probe(const Message& query, Instant deadline, const Service& chosen) {
  for (const auto& service : services_) {
    if (service.get() == &chosen || service->group > chosen.group) continue;
    if (!service->health.probe_due(scheduler_.now())) continue;
    start(std::make_shared<Race>(query, deadline), service->channels.front(), Purpose::probe);
  }
}

void UpstreamSet::prepare() { choose_lane(*services_.front()).upstream->prepare(); }

bool UpstreamSet::warm() const {
  return std::ranges::any_of(services_, [](const auto& service) {
    return std::ranges::any_of(service->channels, [](const Channel& channel) { return channel.upstream->warm(); });
  });
}

bool UpstreamSet::held_up() const { return services_.front()->channels.front().upstream->held_up(); }

UpstreamState UpstreamSet::state() const {
  UpstreamState sum;
  sum.warm = warm();
  for (const auto& service : services_)
    for (const Channel& channel : service->channels) sum.outstanding += channel.outstanding;
  return sum;
}

void UpstreamSet::network_changed() {
  for (const auto& service : services_) {
    service->health = {};
    for (Channel& channel : service->channels) {
      channel.latency.clear();
      channel.upstream->network_changed();
    }
  }
}

std::vector<ChannelReport> UpstreamSet::reports() const {
  std::vector<ChannelReport> reports;
  for (const auto& service : services_) {
    for (const Channel& channel : service->channels) {
      reports.push_back({std::string(channel.upstream->id()), service->operator_name, service->health.good(),
                         channel.latency.percentile(0.5), channel.latency.percentile(0.95),
                         channel.latency.percentile(0.99), channel.upstream->state()});
    }
  }
  return reports;
}

std::vector<ServerExplanation> UpstreamSet::explanation() const {
  std::vector<ServerExplanation> order;
  for (const Service* service : in_order()) {
    const auto warm = [](const Channel& channel) { return channel.upstream->warm(); };
    order.push_back({std::string(service->channels.front().upstream->id()), service->operator_name,
                     service->health.good(), std::ranges::any_of(service->channels, warm),
                     service->channels.front().latency.typical()});
  }
  return order;
}

}  // namespace tacet
