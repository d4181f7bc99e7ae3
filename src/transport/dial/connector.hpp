#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/descriptor.hpp"
#include "base/loop.hpp"
#include "tacet/config.hpp"
#include "tacet/result.hpp"
#include "transport/dial/attempt_pace.hpp"

namespace tacet {

/// The addresses of one upstream and what was learned of them: which family and address connected last, which lost.
/// Pure: told what happened and what time it is.
class AddressBook {
public:
  explicit AddressBook(std::vector<SocketAddress> addresses) : addresses_(std::move(addresses)) {
    lost_.resize(addresses_.size(), Instant::min());
  }

  /// In the order to try: the last winner first; else alternating families with IPv6 first (RFC 8305 §4); an address of
  /// a family that lost a race within the last ten minutes comes after those that did not. The caller's own: they stay
  /// valid whatever becomes of the book.
  std::vector<SocketAddress> order(Instant now) const;
  /// An address connected. One that is not in the book any more is not remembered, but its time is.
  void won(const SocketAddress& address, Duration took);
  /// How long the last connect took that succeeded; nothing before the first, or since the network changed.
  std::optional<Duration> connect_time() const { return connect_time_; }
  /// It had its head start, and yet an address of another family connected first. No effect if it is not in the book
  /// any more.
  void failed(const SocketAddress& address, Instant now);
  /// The network changed: everything learned is forgotten.
  void forget();
  /// New addresses (a bootstrap look-up), fewer or more; what was learned of those that stay is kept. At any time: a
  /// Connector that runs goes on with those of its present round, and takes the new ones for the next.
  void replace(std::vector<SocketAddress> addresses);

  std::size_t size() const { return addresses_.size(); }

private:
  std::optional<std::size_t> place_of(const SocketAddress& address) const;

  std::vector<SocketAddress> addresses_;
  std::vector<Instant> lost_;  // when, to another family; by index
  std::optional<std::size_t> winner_;
  std::optional<Duration> connect_time_;
};

/// Counts the upstream sockets of a worker, so that no failure mode can open more than the limit, nor open them faster
/// than their pace.
class SocketBudget {
public:
  SocketBudget(Scheduler& scheduler, std::size_t limit) : limit_(limit), pace_(scheduler) {}
  bool has_room() const { return used_ < limit_; }
  bool take() { return has_room() && (++used_, true); }
  void give() { --used_; }
  std::size_t used() const { return used_; }
  AttemptPace& pace() { return pace_; }

private:
  std::size_t limit_;
  std::size_t used_ = 0;
  AttemptPace pace_;
};

/// A connected TCP socket and the place in the budget that it holds; gives both back when destroyed. Until it is
/// connected it holds the place only, or a connect under way. Pre: the place was taken.
class ConnectedSocket {
public:
  ConnectedSocket(Descriptor descriptor, SocketAddress address, SocketBudget& budget)
      : descriptor_(std::move(descriptor)),
        address_(std::move(address)),
        budget_(&budget) {}
  ConnectedSocket(ConnectedSocket&& other) noexcept
      : descriptor_(std::move(other.descriptor_)),
        address_(std::move(other.address_)),
        budget_(std::exchange(other.budget_, nullptr)) {}
  ConnectedSocket& operator=(ConnectedSocket&&) = delete;
  ~ConnectedSocket() {
    if (budget_ != nullptr) budget_->give();
  }
  void hold(Descriptor descriptor) { descriptor_ = std::move(descriptor); }
  int get() const { return descriptor_.get(); }
  const SocketAddress& address() const { return address_; }

private:
  Descriptor descriptor_;
  SocketAddress address_;
  SocketBudget* budget_;
};

/// Races TCP connects to the addresses of a book until one is up: a first round staggered by 250 ms over the order
/// (RFC 8305), a refusal moves on at once; then a fresh attempt every 200 ms, as far as the worker's pace allows, each
/// given up after a second, or sooner if a fresh one needs its socket and it had twice the time that a connect took
/// before. (A connect whose SYN was lost
/// in an outage backs off for seconds; a fresh one does not. Measured: an answer 0.07 to 0.29 s after a heal, in 90 of
/// 90 trials.)
class Connector final : AttemptPace::PendingAttempt {
public:
  /// Once `on_connected` was called the connector is at rest. `on_round_failed` is called each time every address has
  /// been tried since start() without a connection, with the last error; the race goes on until stop(). Either may
  /// destroy the connector.
  struct Callbacks {
    std::function<void(ConnectedSocket)> on_connected;
    std::function<void(Error)> on_round_failed;
  };
  Connector(Loop& loop, AddressBook& book, SocketBudget& budget, Callbacks callbacks);
  ~Connector() override;

  /// Begins the race; while one is running, says that somebody waits, so that no pause between rounds is kept.
  void start();
  void stop();
  bool running() const { return running_; }

private:
  struct Attempt;
  enum class Begun : std::uint8_t { under_way, failed, no_room, no_turn };

  void hurry();
  template <class Work>
  void guarded(Work&& work);
  void on_alarm();
  void on_turn() override;
  void on_ready(Attempt& attempt);

  void begin_round(Instant now);
  void try_next(Instant now);
  Begun begin(const SocketAddress& address, Instant now);
  void give_up_old(Instant now);
  void make_room(Instant now);
  void note_failure(Error why);
  void slow_down(Instant now);
  void plan();
  bool round_over() const { return next_ == order_.size(); }
  bool report_due() const { return last_error_ && failures_ >= order_.size(); }
  // Either may destroy the connector: nothing of it is touched behind them.
  void report();
  void succeed(Attempt& winner);

  Loop& loop_;
  AddressBook& book_;
  SocketBudget& budget_;
  Callbacks callbacks_;
  Alarm alarm_;
  bool running_ = false;
  bool tried_ = false;  // an attempt was begun since start()

  std::vector<SocketAddress> order_;  // as the book had them; one walk through them is a round
  std::size_t next_ = 0;              // place in `order_`
  unsigned rounds_ = 0;               // begun since start()
  bool silent_ = false;               // an attempt of this round had no answer at all
  Duration pause_{};                  // after a round that failed at once
  Instant next_at_;
  Instant tried_at_;                                // when the last attempt was begun
  std::vector<std::unique_ptr<Attempt>> attempts_;  // the oldest first

  std::size_t failures_ = 0;  // since the last report
  std::optional<Error> last_error_;
};

}  // namespace tacet
