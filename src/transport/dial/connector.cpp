#include "transport/dial/connector.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/log.hpp"
#include "transport/dial/socket.hpp"

namespace tacet {

namespace {

using std::chrono::milliseconds;

constexpr Duration stagger = milliseconds(250);        // between the attempts of the first round (RFC 8305 §8)
constexpr Duration pace = milliseconds(200);           // between attempts after it
constexpr Duration slowest_pace = milliseconds(2000);  // between rounds, when all addresses keep failing at once
constexpr Duration patience = milliseconds(1000);      // with one attempt
constexpr std::size_t most_at_once = 5;

/// One connect under way. Holds its place in the budget for as long as it lives.
struct Attempt {
  Attempt(Loop& loop, ConnectedSocket under_way, std::function<void(Attempt&)> on_ready)
      : socket(std::move(under_way)),
        watch(loop, socket.get(), [this, ready = std::move(on_ready)](Watch::Ready) { ready(*this); }) {
    watch.want_write(true);
  }

  ConnectedSocket socket;
  Watch watch;
  Instant began;
  bool first_round = false;
};

}  // namespace

/// Shared, so that a callback may destroy the Connector: who calls one holds a share, and touches nothing afterwards.
struct Connector::State final : AttemptPace::PendingAttempt, std::enable_shared_from_this<State> {
  State(Loop& on, AddressBook& from, SocketBudget& within, Callbacks to)
      : PendingAttempt(within.pace()),
        loop(on),
        book(from),
        budget(within),
        callbacks(std::move(to)),
        alarm(on.scheduler(), [this] { on_alarm(); }) {}

  void start();
  void hurry();
  void stop();
  template <class Work>
  void guarded(Work&& work);
  void on_alarm();
  void on_turn() override;
  void on_ready(Attempt& attempt);

  void begin_round(Instant now);
  void try_next(Instant now);
  enum class Begun { under_way, failed, no_room, no_turn };
  Begun begin(const SocketAddress& address, Instant now);
  void give_up_old(Instant now);
  void make_room(Instant now);
  void note_failure(Error why);
  void slow_down(Instant now);
  void plan();
  bool round_over() const { return next == order.size(); }
  bool report_due() const { return last_error && failures >= order.size(); }
  void report();
  void succeed(Attempt& winner);

  Loop& loop;
  AddressBook& book;
  SocketBudget& budget;
  Callbacks callbacks;
  Alarm alarm;
  bool running = false;
  bool tried = false;  // an attempt was begun since start()

  std::vector<SocketAddress> order;  // as the book had them; one walk through them is a round
  std::size_t next = 0;              // place in `order`
  unsigned rounds = 0;               // begun since start()
  bool silent = false;               // an attempt of this round had no answer at all
  Duration pause = pace;             // after a round that failed at once
  Instant next_at;
  Instant tried_at;                                // when the last attempt was begun
  std::vector<std::unique_ptr<Attempt>> attempts;  // the oldest first

  std::size_t failures = 0;  // since the last report
  std::optional<Error> last_error;
};

void Connector::State::start() {
  if (running) return hurry();
  running = true;
  tried = false;
  order.clear();
  next = failures = 0;
  rounds = 0;
  pause = pace;
  last_error.reset();
  guarded([this] { try_next(loop.now()); });
}

/// Somebody waits again: a pause after a failed round ends, but for what the pace of attempts leaves of it.
void Connector::State::hurry() {
  if (!round_over() || !attempts.empty()) return;
  pause = pace;
  next_at = std::min(next_at, std::max(loop.now(), tried_at + pace));
  plan();
}

void Connector::State::stop() {
  running = false;
  attempts.clear();
  alarm.disarm();
  pace_.leave(*this);
}

void Connector::State::begin_round(Instant now) {
  silent = !attempts.empty();
  if (silent) pause = pace;
  order = book.order(now);
  next = 0;
  ++rounds;
  if (order.empty()) note_failure({Fault::unreachable, "no address of the server is known"});
}

/// Begins one attempt, walking on over addresses that fail at once, up to the end of the round; or has a place in line
/// for it.
void Connector::State::try_next(Instant now) {
  if (round_over()) begin_round(now);
  tried_at = now;
  Begun begun = Begun::failed;
  while (begun == Begun::failed && !round_over()) {
    begun = begin(order[next], now);
    if (begun == Begun::under_way || begun == Begun::failed) ++next;
  }
  next_at = begun == Begun::no_turn ? Instant::max() : now + (rounds == 1 ? stagger : pace);
  slow_down(now);
}

Connector::State::Begun Connector::State::begin(const SocketAddress& address, Instant now) {
  const auto kind = tried ? AttemptPace::Kind::further : AttemptPace::Kind::first;
  if (!pace_.may_begin(*this, kind)) return Begun::no_turn;
  make_room(now);
  if (attempts.size() >= most_at_once) return Begun::no_room;
  if (!budget.take()) {
    note_failure({Fault::overloaded, "as many upstream sockets are open as may be"});
    return Begun::no_room;
  }
  ConnectedSocket place(Descriptor(), address, budget);
  const Result<KernelAddress> target = kernel_address(address);
  Result<Descriptor> begun = target ? begin_connect(*target) : fail(target.error());
  if (!begun) {
    note_failure({begun.error().fault, to_string(address) + ": " + begun.error().detail});
    return begun.error().fault == Fault::overloaded ? Begun::no_room : Begun::failed;
  }
  pace_.begun();
  tried = true;
  place.hold(std::move(*begun));
  attempts.push_back(
      std::make_unique<Attempt>(loop, std::move(place), [this](Attempt& attempt) { on_ready(attempt); }));
  attempts.back()->began = now;
  attempts.back()->first_round = rounds == 1;
  return Begun::under_way;
}

/// Whatever happens in `work`, a race that runs has its next step planned: without memory a little later, so that it
/// does not go round and round.
template <class Work>
void Connector::State::guarded(Work&& work) {
  const auto self = shared_from_this();
  try {
    work();
    if (running) plan();
  } catch (...) {
    log::escaped("a connection attempt");
    next_at = loop.now() + pace;
    if (running) alarm.arm(next_at);
  }
}

void Connector::State::on_alarm() {
  const auto self = shared_from_this();
  guarded([this] {
    const Instant now = loop.now();
    give_up_old(now);
    if (now >= next_at) try_next(now);
  });
  report();
}

void Connector::State::on_turn() {
  next_at = loop.now();
  on_alarm();
}

void Connector::State::on_ready(Attempt& attempt) {
  const auto self = shared_from_this();
  pace_.answered();
  const Result<void> outcome = finish_connect(attempt.socket.get());
  if (outcome) return succeed(attempt);
  const auto place = std::ranges::find(attempts, &attempt, &std::unique_ptr<Attempt>::get);
  const auto failed = std::move(*place);
  attempts.erase(place);
  guarded([&] {
    const Instant now = loop.now();
    note_failure({outcome.error().fault, to_string(failed->socket.address()) + ": " + outcome.error().detail});
    if (round_over())
      slow_down(now);
    else
      try_next(now);
  });
  report();
}

void Connector::State::give_up_old(Instant now) {
  while (!attempts.empty() && now - attempts.front()->began >= patience) {
    const auto old = std::move(attempts.front());
    attempts.erase(attempts.begin());
    silent = true;
    pause = pace;
    note_failure({Fault::timeout, to_string(old->socket.address()) + ": no answer to a connection attempt"});
  }
}

/// Several connectors share the budget, so each may have room for two or three attempts only. A gap until the oldest
/// has had its second would be a gap in which the end of an outage goes unseen: one that had time enough by what a
/// connect took before makes way.
void Connector::State::make_room(Instant now) {
  const std::optional<Duration> usual = book.connect_time();
  if (!usual || attempts.empty() || (attempts.size() < most_at_once && budget.has_room())) return;
  if (now - attempts.front()->began < std::max<Duration>(2 * pace, 2 * *usual)) return;
  note_failure({Fault::timeout, to_string(attempts.front()->socket.address()) + ": no answer to a connection attempt"});
  attempts.erase(attempts.begin());
  silent = true;
}

void Connector::State::note_failure(Error why) {
  ++failures;
  last_error = std::move(why);
}

/// A round in which every address failed at once is followed by a pause that grows, for there is nothing to wait for.
void Connector::State::slow_down(Instant now) {
  if (!round_over() || silent || !attempts.empty()) return;
  next_at = now + pause;
  pause = std::min(2 * pause, slowest_pace);
}

void Connector::State::plan() {
  Instant when = next_at;
  if (!attempts.empty()) when = std::min(when, attempts.front()->began + patience);
  if (report_due()) when = loop.now();
  if (when == Instant::max()) return alarm.disarm();
  alarm.arm(when);
}

void Connector::State::report() {
  if (!report_due()) return;
  failures = 0;
  const Error why = *std::exchange(last_error, std::nullopt);
  callbacks.on_round_failed(why);
}

void Connector::State::succeed(Attempt& winner) {
  const Instant now = loop.now();
  const SocketAddress& address = winner.socket.address();
  book.won(address, now - winner.began);
  for (const auto& each : attempts) {
    const SocketAddress& other = each->socket.address();
    const bool other_family = other.address.contains(':') != address.address.contains(':');
    if (winner.first_round && other_family && now - each->began >= stagger) book.failed(other, now);
  }
  ConnectedSocket socket = std::move(winner.socket);
  stop();  // destroys the watch on the socket, so that the next owner can watch it
  callbacks.on_connected(std::move(socket));
}

Connector::Connector(Loop& loop, AddressBook& book, SocketBudget& budget, Callbacks callbacks)
    : state_(std::make_shared<State>(loop, book, budget, std::move(callbacks))) {}

Connector::~Connector() { stop(); }

void Connector::start() { state_->start(); }
void Connector::stop() { state_->stop(); }
bool Connector::running() const { return state_->running; }

}  // namespace tacet
