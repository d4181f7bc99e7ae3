#include "transport/dial/connector.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/log.hpp"
#include "transport/dial/socket.hpp"
#include "transport/dial/source.hpp"
#include "transport/dial/tunnel.hpp"
#include "transport/quic/quic_engine.hpp"

namespace tacet {

namespace {

using std::chrono::milliseconds;

constexpr Duration stagger = milliseconds(250);         // between the attempts of the first round (RFC 8305 §8)
constexpr Duration pace = milliseconds(200);            // between attempts after it
constexpr Duration slowest_pace = milliseconds(2000);   // between rounds, when all addresses keep failing at once
constexpr Duration patience = milliseconds(1000);       // with one attempt
constexpr Duration long_patience = milliseconds(3000);  // with one attempt to each family
constexpr Duration proxy_patience = milliseconds(10000);
constexpr Duration usual_with_proxy = milliseconds(1000);  // before the first tunnel is there
constexpr std::ptrdiff_t most_at_once = 5;

/// How long an attempt may last.
Duration patience_with(const DialPath& path) { return path.proxy.is_used() ? proxy_patience : patience; }

Error no_answer(const ConnectedSocket& socket) {
  const ProxyConfig& proxy = socket.path().proxy;
  const std::string to = to_string(socket.address());
  if (!proxy.is_used()) return {Fault::timeout, to + ": no answer to a connection attempt"};
  return {Fault::timeout, fmt::format("{}: no tunnel by the proxy {} in time", to, to_string(proxy))};
}

/// The words for a failure at `address`, with the proxy that they are about.
Error failure_at(const DialTarget& address, const DialPath& path, const Error& why) {
  if (why.detail.contains(to_string(address))) return why;  // a handshake's
  if (!path.proxy.is_used()) return {why.fault, to_string(address) + ": " + why.detail};
  return {why.fault, fmt::format("{}: the proxy {}: {}", to_string(address), to_string(path.proxy), why.detail)};
}

}  // namespace

void ConnectedSocket::hold_quic(TlsClient& client) {
  quic_ = std::make_shared<QuicEngine>(client, get(), address_, path_->sni);
}

ConnectionFacts ConnectedSocket::facts(Transport transport) const {
  ConnectionFacts facts;
  facts.transport = transport;
  facts.address = to_string(address_);
  if (path_->proxy.is_used()) facts.proxy = to_string(path_->proxy);
  facts.interface = interface_of(get());
  facts.connect_time = connect_time_;
  facts.rung = path_->rung;
  return facts;
}

/// One running connect. Holds its place in the budget as long as it lives.
struct Connector::Attempt {
  Attempt(Loop& loop, ConnectedSocket under_way, std::function<void(Attempt&)> on_ready)
      : is_v6(under_way.address().is_v6()),
        socket(std::move(under_way)),
        watch(loop, socket.get(), [this, ready = on_ready](Watch::Ready) { ready(*this); }),
        due(loop.scheduler(), [this, ready = std::move(on_ready)] { ready(*this); }) {
    const bool is_quic = socket.quic() != nullptr;
    is_quic ? watch.want_read(true) : watch.want_write(true);
    if (is_quic) due.arm(loop.now());  // sends the first packet
  }

  bool is_v6;
  ConnectedSocket socket;
  std::unique_ptr<Tunnel> tunnel;  // once the proxy is connected
  Watch watch;                     // behind the socket: gone before its descriptor is closed
  Alarm due;                       // QUIC has to send something again
  Instant began;
  bool first_round = false;
  SocketBudget* long_in = nullptr;  // set if it lasts longer than others

  ~Attempt() {
    if (long_in != nullptr) long_in->give_long_one(is_v6);
  }
  bool lasts_long() const { return long_in != nullptr; }
  /// How long the connect took. One that lost its first packet in an outage tells nothing of the link.
  Duration took(Instant now) const {
    if (!lasts_long() || socket.quic() != nullptr) return now - began;
    const Duration measured = round_trip_of(socket.get());
    return measured > Duration::zero() ? measured : patience;
  }
  Instant ends() const { return began + (lasts_long() ? long_patience : patience_with(socket.path())); }
  /// True if it must first reach a proxy, and has not yet.
  bool seeks_proxy() const { return socket.path().proxy.is_used() && !tunnel; }
};

Connector::Connector(Loop& loop, const ConnectorContext& context, Callbacks callbacks)
    : PendingAttempt(context.budget.pace()),
      loop_(loop),
      book_(context.book),
      budget_(context.budget),
      path_(context.path),
      quic_(context.quic),
      callbacks_(std::move(callbacks)),
      alarm_(loop.scheduler(), [this] { on_alarm(); }) {}

Connector::~Connector() { stop(); }

void Connector::start() {
  if (running_) return hurry();
  running_ = true;
  tried_ = false;
  order_.clear();
  next_ = failures_ = 0;
  rounds_ = 0;
  pause_ = pace;
  last_error_.reset();
  guarded([this] {
    isolation_ = path_->proxy.is_used() ? isolation_name() : std::string();
    try_next(loop_.now());
  });
}

/// A query waits again: ends the pause after a failed round, as far as the pace of attempts allows.
void Connector::hurry() {
  if (!round_over() || !attempts_.empty()) return;
  pause_ = pace;
  next_at_ = std::min(next_at_, std::max(loop_.now(), tried_at_ + pace));
  plan();
}

void Connector::stop() {
  running_ = false;
  attempts_.clear();
  alarm_.disarm();
  pace_.leave(*this);
}

void Connector::begin_round(Instant now) {
  silent_ = !attempts_.empty();
  if (silent_) pause_ = pace;
  order_ = book_.order(now);
  next_ = 0;
  ++rounds_;
  if (order_.empty()) note_failure({Fault::unreachable, "no address of the server is known"});
}

/// Begins one attempt: skips addresses that fail at once, up to the end of the round. Else it waits in line for it.
void Connector::try_next(Instant now) {
  if (round_over()) begin_round(now);
  tried_at_ = now;
  Begun begun = Begun::failed;
  while (begun == Begun::failed && !round_over()) {
    begun = begin(order_[next_], now);
    if (begun == Begun::under_way || begun == Begun::failed) ++next_;
  }
  next_at_ = begun == Begun::no_turn ? Instant::max() : now + (rounds_ == 1 ? stagger : pace);
  slow_down(now);
}

Connector::Begun Connector::begin(const DialTarget& address, Instant now) {
  const auto kind = tried_ ? AttemptPace::Kind::further : AttemptPace::Kind::first;
  if (!pace_.may_begin(*this, kind)) return Begun::no_turn;
  make_room(now);
  if (!has_room()) return Begun::no_room;
  if (!budget_.take()) {
    note_failure({Fault::overloaded, "the limit of open upstream sockets is reached"});
    return Begun::no_room;
  }
  const SharedDialPath path = path_;
  ConnectedSocket place(Descriptor(), address, budget_, path);
  const auto to = path->proxy.is_used() ? path->proxy.address : address.address();
  const Result<KernelAddress> target =
      to ? kernel_address(*to) : fail(Fault::invalid_config, "only a proxy can look this name up");
  Result<Descriptor> begun = !target            ? fail(target.error())
                             : quic_ != nullptr ? connected_datagrams(*target, path->via)
                                                : begin_connect(*target, path->via);
  if (!begun) {
    note_failure(failure_at(address, *path, begun.error()));
    return begun.error().fault == Fault::overloaded ? Begun::no_room : Begun::failed;
  }
  pace_.begun();
  tried_ = true;
  place.hold(std::move(*begun));
  if (quic_ != nullptr) place.hold_quic(*quic_);
  attempts_.push_back(
      std::make_unique<Attempt>(loop_, std::move(place), [this](Attempt& attempt) { on_ready(attempt); }));
  attempts_.back()->began = now;
  attempts_.back()->first_round = rounds_ == 1;
  return Begun::under_way;
}

/// Calls `work`, then plans the next step of a race that runs. Without memory the step comes a little later, so that
/// the loop does not spin.
template <class Work>
void Connector::guarded(Work&& work) {
  try {
    work();
    if (running_) plan();
  } catch (...) {
    log::escaped("a connection attempt");
    next_at_ = loop_.now() + pace;
    if (running_) alarm_.arm(next_at_);
  }
}

void Connector::on_alarm() {
  guarded([this] {
    const Instant now = loop_.now();
    give_up_old(now);
    if (now >= next_at_) try_next(now);
  });
  report();
}

void Connector::on_turn() {
  next_at_ = loop_.now();
  on_alarm();
}

/// True once the octets of `attempt` reach the server.
Result<bool> Connector::progress(Attempt& attempt) {
  if (attempt.socket.quic() != nullptr) return shake_hands(attempt);
  const int descriptor = attempt.socket.get();
  const ProxyConfig& proxy = attempt.socket.path().proxy;
  if (!attempt.tunnel) {
    if (Result<void> outcome = finish_connect(descriptor); !outcome) return fail(std::move(outcome.error()));
    if (!proxy.is_used()) return true;
    attempt.tunnel = std::make_unique<Tunnel>(TunnelRequest{proxy, attempt.socket.address(), isolation_});
    attempt.watch.want_read(true);
  }
  if (Result<void> gone_on = attempt.tunnel->go_on(descriptor); !gone_on) return fail(std::move(gone_on.error()));
  attempt.watch.want_write(attempt.tunnel->wants_write());
  return attempt.tunnel->is_done();
}

Result<bool> Connector::shake_hands(Attempt& attempt) {
  QuicEngine& quic = *attempt.socket.quic();
  Result<bool> is_done = quic.shake_hands();
  if (!is_done || *is_done) return is_done;
  if (const auto wait = quic.due_in()) attempt.due.arm(loop_.now() + *wait);
  attempt.watch.want_write(quic.wants_write());
  return false;
}

void Connector::on_ready(Attempt& attempt) {
  const Result<bool> outcome = progress(attempt);
  if (outcome && !*outcome) return;
  // A proxy that is not there tells nothing of the network, so the attempts stay spread.
  if (!attempt.seeks_proxy()) pace_.answered();
  if (outcome) return succeed(attempt);
  const auto place = std::ranges::find(attempts_, &attempt, &std::unique_ptr<Attempt>::get);
  const auto failed = std::move(*place);
  attempts_.erase(place);
  guarded([&] {
    const Instant now = loop_.now();
    if (failed->seeks_proxy()) end_round();  // it is the same proxy for all addresses
    note_failure(failure_at(failed->socket.address(), failed->socket.path(), outcome.error()));
    if (round_over())
      slow_down(now);
    else
      try_next(now);
  });
  report();
}

void Connector::give_up_old(Instant now) {
  for (auto each = attempts_.begin(); each != attempts_.end();) {
    if (now < (*each)->ends() || may_go_on(**each)) {
      ++each;
      continue;
    }
    const auto old = std::move(*each);
    each = attempts_.erase(each);
    silent_ = true;
    pause_ = pace;
    note_failure(no_answer(old->socket));
  }
}

/// On a slow link a usual attempt is too short.
bool Connector::may_go_on(Attempt& attempt) {
  if (attempt.lasts_long() || attempt.socket.path().proxy.is_used()) return false;
  if (!budget_.take_long_one(attempt.is_v6)) return false;
  attempt.long_in = &budget_;
  return true;
}

/// True if there may be one more attempt. The long ones are beside the others.
bool Connector::has_room() const { return std::ranges::count(attempts_, false, &Attempt::lasts_long) < most_at_once; }

/// Several connectors share the budget, so each may have room for two or three attempts only. The oldest attempt gives
/// up its place after twice the usual connect time. Without that, no attempt would begin until its second is over, and
/// the end of an outage would go unseen.
void Connector::make_room(Instant now) {
  std::optional<Duration> usual = book_.connect_time();
  if (!usual && path_->proxy.is_used()) usual = usual_with_proxy;
  if (!usual || attempts_.empty() || (has_room() && budget_.has_room())) return;
  auto oldest = std::ranges::find(attempts_, false, &Attempt::lasts_long);
  if (oldest == attempts_.end()) oldest = attempts_.begin();
  if (now - (*oldest)->began < std::max<Duration>(2 * pace, 2 * *usual)) return;
  note_failure(no_answer((*oldest)->socket));
  attempts_.erase(oldest);
  silent_ = true;
}

/// All its addresses have failed, but for one failure that is about to be noted.
void Connector::end_round() {
  next_ = order_.size();
  failures_ = std::max(failures_, next_ - std::min<std::size_t>(next_, 1));
}

void Connector::note_failure(Error why) {
  ++failures_;
  last_error_ = std::move(why);
}

/// After a round in which every address failed at once, waits for a pause that grows each time.
void Connector::slow_down(Instant now) {
  if (!round_over() || silent_ || !attempts_.empty()) return;
  next_at_ = now + pause_;
  pause_ = std::min(2 * pause_, slowest_pace);
}

void Connector::plan() {
  Instant when = next_at_;
  for (const auto& each : attempts_) when = std::min(when, each->ends());
  if (report_due()) when = loop_.now();
  if (when == Instant::max()) return alarm_.disarm();
  alarm_.arm(when);
}

void Connector::report() {
  if (!report_due()) return;
  failures_ = 0;
  const Error why = *std::exchange(last_error_, std::nullopt);
  const auto tell = callbacks_.on_round_failed;  // a copy, since the call may destroy this object
  tell(why);
}

void Connector::succeed(Attempt& winner) {
  const Instant now = loop_.now();
  const DialTarget& address = winner.socket.address();
  const Duration took = winner.took(now);
  book_.won(address, took);
  pace_.connected(took);
  for (const auto& each : attempts_) {
    const DialTarget& other = each->socket.address();
    const bool other_family = other.is_v6() != address.is_v6();
    if (winner.first_round && other_family && now - each->began >= stagger) book_.failed(other, now);
  }
  winner.socket.took(took);
  ConnectedSocket socket = std::move(winner.socket);
  stop();                                     // destroys the watch on the socket, so that the next owner can watch it
  const auto tell = callbacks_.on_connected;  // a copy, since the call may destroy this object
  tell(std::move(socket));
}

}  // namespace tacet
