#pragma once
#include <cstddef>
#include <list>
#include <vector>

#include "base/scheduler.hpp"

namespace tacet {

/// Spaces out the connection attempts of a worker. At most five attempts in any second (`Limits::most`) may lead to no
/// answer, so that neither an outage nor a server that breaks off causes a storm. While no peer answers, it spreads
/// them evenly, one each 200 ms, so that one of them soon meets the end of an outage. After an answer the network
/// works, and the next attempt starts at once. On a slow link they are further apart: many at once would fill it.
/// Attempts wait in line. Pure: moved by a scheduler.
class AttemptPace {
public:
  static constexpr Duration within = std::chrono::seconds(1);
  static constexpr Duration usual_spacing = std::chrono::milliseconds(200);
  struct Limits {
    std::size_t most = 5;              ///< attempts in any second that lead to no answer
    Duration spacing = usual_spacing;  ///< between attempts while no peer answers
  };

  /// An attempt that waits for its turn. Leaves the line when destroyed.
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
    /// Its turn has come. If the call begins no attempt, the next in line has its turn.
    virtual void on_turn() = 0;
  };

  /// The first attempt of a race serves a query that waits now. A further one is a precaution: the last may be lost.
  enum class Kind : std::uint8_t { first, further };

  explicit AttemptPace(Scheduler& scheduler) : AttemptPace(scheduler, Limits()) {}
  AttemptPace(Scheduler& scheduler, const Limits& limits);

  /// True if `attempt` may begin now; else it waits in line for on_turn(). First attempts go ahead of further ones, and
  /// once a second a first attempt skips the spacing.
  bool may_begin(PendingAttempt& attempt, Kind kind);
  /// An allowed attempt has begun.
  void begun();
  /// A peer answered an attempt, by a connection or a refusal.
  void answered() { silent_ = false; }
  /// An attempt took so long to connect.
  void connected(Duration took);
  /// A connection has delivered its first answer, so refund one attempt. A server that closes often may then reconnect.
  void led_to_answer();
  /// The network changed: attempts in the old network count no more. Several callers may report the same change.
  void forget();
  void leave(const PendingAttempt& attempt);

private:
  struct Place {
    PendingAttempt* attempt;
    Kind kind;
  };
  static constexpr Instant never{-std::chrono::hours(1)};
  Instant next() const;
  void stand_in_line(PendingAttempt& attempt, Kind kind);
  void serve();
  void plan();

  Scheduler& scheduler_;
  const Limits limits_;
  Duration spacing_;
  Alarm alarm_;
  std::list<Place> line_;       // first attempts before further ones
  std::vector<Instant> begun_;  // times of the last attempts; a circular buffer
  std::size_t latest_ = 0;      // index of the newest in begun_
  Instant forgot_at_ = never;
  bool silent_ = false;                      // no answer came since the last attempt
  const PendingAttempt* in_turn_ = nullptr;  // while its on_turn() runs
};

}  // namespace tacet
