#pragma once
#include <array>
#include <cstddef>
#include <list>

#include "base/scheduler.hpp"

namespace tacet {

/// Spaces out the connection attempts of a worker: at most five in any second that lead to no answer, whoever makes
/// them, so that no outage and no server that breaks off makes a storm. While nobody answers they are evenly spread,
/// one each 200 ms, so that the end of an outage is met soon; once one was answered the network lives, and the next
/// need not wait for its turn. Who wants to make one stands in line. Pure: moved by a scheduler.
class AttemptPace {
public:
  static constexpr std::size_t most = 5;
  static constexpr Duration within = std::chrono::seconds(1);
  static constexpr Duration spacing = std::chrono::milliseconds(200);

  /// Who makes attempts. Leaves the line when destroyed.
  class PendingAttempt {
  public:
    explicit PendingAttempt(AttemptPace& pace) : pace_(pace) {}
    PendingAttempt(const PendingAttempt&) = delete;
    PendingAttempt& operator=(const PendingAttempt&) = delete;
    virtual ~PendingAttempt() { pace_.leave(*this); }

  protected:
    AttemptPace& pace_;

  private:
    friend class AttemptPace;
    /// Its turn has come; if no attempt is begun within the call, the next in line is told.
    virtual void on_turn() = 0;
  };

  /// The first attempt of a race is for a query that waits now; a further one is made in case the last was lost.
  enum class Kind : std::uint8_t { first, further };

  explicit AttemptPace(Scheduler& scheduler);

  /// True if `who` may begin an attempt now; else it has a place in line and hears on_turn(). First attempts go ahead
  /// of further ones, and once a second one of them need not wait for the spacing.
  bool may_begin(PendingAttempt& who, Kind kind);
  /// An attempt that was allowed has been begun.
  void begun();
  /// A peer answered an attempt, by a connection or a refusal.
  void answered() { silent_ = false; }
  /// A connection has brought the first answer to a query: whatever a server that closes often needs of those, is had.
  void led_to_answer();
  /// The network changed: what was sent into the old one counts no more. Said by everyone who hears of one change.
  void forget();
  void leave(const PendingAttempt& who);

private:
  struct Place {
    PendingAttempt* who;
    Kind kind;
  };
  static constexpr Instant never{-std::chrono::hours(1)};
  Instant next() const;
  void stand_in_line(PendingAttempt& who, Kind kind);
  void serve();
  void plan();

  Scheduler& scheduler_;
  Alarm alarm_;
  std::list<Place> line_;            // first attempts before further ones
  std::array<Instant, most> begun_;  // when the last attempts were; a ring
  std::size_t latest_ = 0;           // its place in the ring
  Instant forgot_at_ = never;
  bool silent_ = false;                      // nothing was answered since the last attempt
  const PendingAttempt* in_turn_ = nullptr;  // while it is told
};

}  // namespace tacet
