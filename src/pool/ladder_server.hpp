#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "observe/greeting_outcome.hpp"
#include "tacet/config.hpp"
#include "tacet/instant.hpp"
#include "tacet/upstream.hpp"

namespace tacet {

/// A connection to make beside the queries, to look whether a way works.
struct LadderLook {
  enum class Purpose : std::uint8_t {
    trial,    ///< tries a way that no query takes: with `ask-only`
    control,  ///< tries the former way again
    retry,    ///< tries the way below the proven one
    check,    ///< asks a server that fails while another one of the operator works
    witness,  ///< asks that other one, because the network may just be down
  };
  Purpose purpose = Purpose::control;
  Rung way = Rung::configured;
};

/// What was found out about a server in one network.
struct KnownWay {
  Rung way =
      Rung::configured;  ///< proven there; `other_transport`: it is blocked, and another server of its operator is not
  GreetingOutcome sign = GreetingOutcome::dropped;  ///< what the configured way showed
  Instant retry{};                                  ///< when to look for a lower way
  Instant until{};
};

/// How one server is reached, and what its connections show of a block. Pure: each event comes with its time, and a way
/// is one of ways(). `Ladder` says when a server may climb.
///
/// A way is on trial until it has been greeted. Then it serves, and its control is due: a connection by the former way.
/// Only if that fails too, with the network up, the way counts as proven. So a loss, an outage, a server that was busy
/// or a captive portal never makes a climb.
class LadderServer {
public:
  /// `ways`: the possible ones, the least change first; at least one. With `ask_only` nothing but look() takes another
  /// way than the configured one.
  explicit LadderServer(std::vector<Rung> ways, LadderMode mode = LadderMode::on)
      : ways_(std::move(ways)),
        asks_only_(mode == LadderMode::ask_only) {}

  /// A connection by `way` showed this; its TCP connection was up at `connected`.
  void saw(Rung way, GreetingOutcome outcome, Instant connected, Instant now);
  /// A connection to make now; it is under way until looked(), which tells what it showed.
  std::optional<LadderLook> look(Instant now);
  void looked(const LadderLook& look, GreetingOutcome outcome, Instant now);
  /// When to call look() again, if nothing happens before.
  Instant next_look() const { return look_at_; }

  /// True if connections fail as in a block: reset or silent, twice in a row, one after the other; or no TCP at all
  /// while a proxy is left to try.
  bool looks_blocked(Instant now) const;
  /// The same, for so long that the operator's other servers had their turn.
  bool looks_blocked_long(Instant now) const;
  /// Puts the next way on trial. Without one, the server stays as configured for a while.
  void climb(Instant now);
  /// True once after another way was proven, or, with `ask_only`, would work.
  bool has_news() { return std::exchange(has_news_, false); }
  /// Ends a trial: another way turned out to be good.
  void come_down(Instant now);
  /// Begins again in another network. `known`: what was found out there before.
  void begin(const std::optional<KnownWay>& known = {});

  /// The way that connections take now: the one on trial, or the proven one.
  Rung way() const { return ways_[asks_only_ ? proven_ : trial_]; }
  Rung proven() const { return ways_[proven_]; }
  /// True unless another way than the first one is proven.
  bool is_at_foot() const { return proven_ == 0; }
  bool on_trial() const { return trial_ != proven_; }
  /// With `ask_only`: the way that would work.
  std::optional<Rung> advice() const { return advice_; }

  /// True if it fails like a blocked one, and no check has confirmed that yet.
  bool is_suspect() const { return !on_trial() && proven_ == 0 && !is_checked_ && (strikes_ > 0 || drops_ > 0); }
  /// A check failed as well, while another server of the operator worked: it is blocked.
  void is_blocked_by(GreetingOutcome outcome);
  /// A check worked, or the network is down: nothing is known of it.
  void forget_block();

  /// True if the last connection was greeted.
  bool works() const { return last_ == GreetingOutcome::greeted; }
  /// When a connection was greeted last; long ago without any.
  Instant greeted_at() const { return greeted_at_; }
  /// True once a connection to it showed something in this network.
  bool is_known() const { return last_.has_value(); }
  /// The way of the last connection that was greeted: a place in ways().
  std::size_t worked_by() const { return worked_by_; }
  std::size_t height() const { return trial_; }
  /// What the configured way shows in this network, if that is the pattern of a block.
  std::optional<GreetingOutcome> block() const;
  const std::vector<Rung>& ways() const { return ways_; }

  static constexpr Duration retry_interval = std::chrono::hours(1);

private:
  void greeted(std::size_t place, Instant now);
  void failed_on_trial(GreetingOutcome outcome, Instant now);
  void failed(GreetingOutcome outcome, Instant connected, Instant now);
  std::optional<std::size_t> next_way() const;
  void give_up(Instant now);
  void controlled(GreetingOutcome outcome, Instant now);
  void prove(Instant now);
  void retried(GreetingOutcome outcome, Instant now);

  std::vector<Rung> ways_;
  bool asks_only_ = false;
  std::size_t proven_ = 0, trial_ = 0;  // places in ways_; equal without a trial
  bool serves_ = false;                 // the way on trial was greeted
  bool has_news_ = false;
  bool is_checked_ = false;  // that it is blocked, though no other way of it was tried
  Instant look_at_ = Instant::max();
  Instant retried_at_{};
  unsigned strikes_ = 0;  // connections by the proven way in a row that were reset or silent
  unsigned drops_ = 0;    // the same without any TCP connection
  Instant first_strike_{}, last_strike_{};
  Instant rests_until_{};
  Instant greeted_at_ = Instant(-std::chrono::hours(1));
  unsigned vain_ = 0;  // climbs in a row that led nowhere
  std::optional<GreetingOutcome> last_, sign_;
  std::optional<Rung> advice_;
  std::size_t worked_by_ = 0;
};

}  // namespace tacet
