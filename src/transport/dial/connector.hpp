#pragma once
#include <array>
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
#include "tacet/upstream.hpp"
#include "transport/dial/attempt_pace.hpp"
#include "transport/dial/dial_path.hpp"
#include "transport/dial/dial_target.hpp"

namespace tacet {

class QuicEngine;
class TlsClient;

/// The addresses of one upstream, and what it learned of them: which family and address connected last, which lost.
/// Pure: events and times are arguments.
class AddressBook {
public:
  explicit AddressBook(std::vector<DialTarget> addresses) : addresses_(std::move(addresses)) {
    lost_.resize(addresses_.size(), Instant::min());
    mute_.resize(addresses_.size(), Instant::min());
  }

  /// In the order to try: the last winner first; else alternating families with IPv6 first (RFC 8305 §4); an address of
  /// a family that lost a race within the last ten minutes comes after those that did not. Last come those whose
  /// greeting failed, the latest failure behind the others. Returns a copy.
  std::vector<DialTarget> order(Instant now) const;
  /// An address connected. Remembers the connect time, and the address if it is still in the book.
  void won(const DialTarget& address, Duration took);
  /// How long the last successful connect took; nothing before the first one in this network.
  std::optional<Duration> connect_time() const { return connect_time_; }
  /// An address of another family connected first, although this one had its head start. No effect if it is no longer
  /// in the book.
  void failed(const DialTarget& address, Instant now);
  /// TCP connected, but the greeting got no answer: the address comes behind those with a better record for ten
  /// minutes, or until it is greeted.
  void greeting_failed(const DialTarget& address, Instant now);
  void greeted(const DialTarget& address);
  /// This address is likely to win: it comes first.
  void expect(const DialTarget& address);
  /// The network changed: forgets everything that it learned.
  void forget();
  /// Takes new addresses (of a bootstrap look-up) and keeps what it learned of those that stay. May be called at any
  /// time: a running Connector uses the new addresses from its next round on.
  void replace(std::vector<DialTarget> addresses);

  std::size_t size() const { return addresses_.size(); }

private:
  std::optional<std::size_t> place_of(const DialTarget& address) const;

  std::vector<DialTarget> addresses_;
  std::vector<Instant> lost_;  // when, to another family; by index
  std::vector<Instant> mute_;  // when its greeting failed; by index
  std::optional<std::size_t> winner_;
  std::optional<Duration> connect_time_;
};

/// Counts the upstream sockets of a worker. No failure can open more than the limit, or open them faster than the pace.
class SocketBudget {
public:
  SocketBudget(Scheduler& scheduler, std::size_t limit, const AttemptPace::Limits& pace = {})
      : limit_(limit),
        pace_(scheduler, pace) {}
  bool has_room() const { return used_ < limit_; }
  bool take() { return has_room() && (++used_, true); }
  void give() { --used_; }
  std::size_t used() const { return used_; }
  AttemptPace& pace() { return pace_; }
  /// On a slow link a second is too short for an attempt. So one attempt to each family may last longer; false if one
  /// does already.
  bool take_long_one(bool is_v6) { return !std::exchange(long_ones_[is_v6], true); }
  void give_long_one(bool is_v6) { long_ones_[is_v6] = false; }

private:
  std::size_t limit_;
  std::size_t used_ = 0;
  std::array<bool, 2> long_ones_{};  // by family
  AttemptPace pace_;
};

/// A connected socket and its place in the budget; gives both back when destroyed. While a connect has not begun, it
/// holds the place alone. `address` is the server's, also behind a proxy. A UDP socket comes with its QUIC connection.
/// Pre: the place was taken.
class ConnectedSocket {
public:
  ConnectedSocket(Descriptor descriptor, DialTarget address, SocketBudget& budget,
                  SharedDialPath path = std::make_shared<const DialPath>())
      : descriptor_(std::move(descriptor)),
        address_(std::move(address)),
        budget_(&budget),
        path_(std::move(path)) {}
  ConnectedSocket(ConnectedSocket&& other) noexcept
      : descriptor_(std::move(other.descriptor_)),
        address_(std::move(other.address_)),
        budget_(std::exchange(other.budget_, nullptr)),
        path_(other.path_),
        connect_time_(other.connect_time_),
        quic_(std::move(other.quic_)) {}
  ConnectedSocket& operator=(ConnectedSocket&&) = delete;
  ~ConnectedSocket() {
    if (budget_ != nullptr) budget_->give();
  }
  void hold(Descriptor descriptor) { descriptor_ = std::move(descriptor); }
  /// Prepares a QUIC connection on the UDP socket that it holds. The client must outlive it.
  void hold_quic(TlsClient& client);
  /// Null for TCP.
  QuicEngine* quic() const { return quic_.get(); }
  int get() const { return descriptor_.get(); }
  const DialTarget& address() const { return address_; }
  /// How it was dialled.
  const DialPath& path() const { return *path_; }
  /// The connect took so long; the proxy's share included.
  void took(Duration time) { connect_time_ = time; }
  Duration connect_time() const { return connect_time_; }
  /// What is known of a connection before its handshake.
  ConnectionFacts facts(Transport transport) const;

private:
  Descriptor descriptor_;
  DialTarget address_;
  SocketBudget* budget_;
  SharedDialPath path_;
  Duration connect_time_{};
  std::shared_ptr<QuicEngine> quic_;  // behind the descriptor: gone before it is closed
};

/// What a connector works with; all must outlive it. Each attempt goes by the path of its time.
struct ConnectorContext {
  AddressBook& book;
  SocketBudget& budget;
  const SharedDialPath& path;
  TlsClient* quic = nullptr;  ///< for handshakes by QUIC; null: connects are TCP's
};

/// Races connects to the addresses of a book until one is up. The first round tries them in order, 250 ms apart
/// (RFC 8305); a refusal moves on at once. Then a fresh attempt begins every 200 ms, as far as the worker's pace
/// allows. Each attempt ends after a second, or after twice the usual connect time if a fresh one needs its socket. (A
/// connect that lost its SYN in an outage backs off for seconds; a fresh one does not. Measured: an answer 0.07 to 0.29
/// s after the network came back, in 90 of 90 trials.) One attempt to each family lasts three seconds, because a link
/// with a round trip of more than a second would have no connection at all.
///
/// Through a proxy, an attempt ends with the tunnel. A proxy on this machine accepts at once, which proves nothing, so
/// only its reply counts as an answer. An attempt there lasts up to ten seconds, because Tor may need them for a new
/// circuit.
///
/// Over QUIC, an attempt ends with the handshake, because a UDP socket is connected at once and proves nothing.
class Connector final : AttemptPace::PendingAttempt {
public:
  /// The connector rests after it called `on_connected`. It calls `on_round_failed` with the last error each time it
  /// has tried every address without a connection; the race goes on until stop(). Either may destroy the connector.
  struct Callbacks {
    std::function<void(ConnectedSocket)> on_connected;
    std::function<void(Error)> on_round_failed;
  };
  Connector(Loop& loop, const ConnectorContext& context, Callbacks callbacks);
  ~Connector() override;

  /// Begins the race. While one is running, ends its pause between rounds, because a query waits.
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
  Result<bool> progress(Attempt& attempt);
  Result<bool> shake_hands(Attempt& attempt);

  void begin_round(Instant now);
  void try_next(Instant now);
  Begun begin(const DialTarget& address, Instant now);
  void give_up_old(Instant now);
  bool may_go_on(Attempt& attempt);
  bool has_room() const;
  void make_room(Instant now);
  void end_round();
  void note_failure(Error why);
  void slow_down(Instant now);
  void plan();
  bool round_over() const { return next_ == order_.size(); }
  bool report_due() const { return last_error_ && failures_ >= order_.size(); }
  // Either may destroy the connector: touch nothing of it afterwards.
  void report();
  void succeed(Attempt& winner);

  Loop& loop_;
  AddressBook& book_;
  SocketBudget& budget_;
  const SharedDialPath& path_;
  TlsClient* quic_;
  Callbacks callbacks_;
  Alarm alarm_;
  bool running_ = false;
  bool tried_ = false;  // an attempt was begun since start()

  std::vector<DialTarget> order_;  // a copy of the book's order; one pass over it is a round
  std::size_t next_ = 0;           // place in `order_`
  unsigned rounds_ = 0;            // begun since start()
  std::string isolation_;          // the user name of this race for a SOCKS proxy
  bool silent_ = false;            // an attempt of this round had no answer
  Duration pause_{};               // pause after a round that failed at once
  Instant next_at_;
  Instant tried_at_;                                // when the last attempt was begun
  std::vector<std::unique_ptr<Attempt>> attempts_;  // the oldest first

  std::size_t failures_ = 0;  // since the last report
  std::optional<Error> last_error_;
};

}  // namespace tacet
