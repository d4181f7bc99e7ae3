#pragma once
#include <cstdint>

#include "tacet/instant.hpp"

namespace tacet {

/// When to ask again for a query without an answer, and when to give it up. Pure: the caller reports each event with
/// its time and carries out the step that comes back. The outcome of that step is the next event.
class ExchangePlan {
public:
  /// How long a query waits on one server before it goes to another as well. A new connection needs three round trips.
  /// An open one needs one, but the server's own recursion may take most of a second.
  static constexpr Duration cold_patience = std::chrono::milliseconds(600);
  static constexpr Duration warm_patience = std::chrono::milliseconds(900);
  /// The same if the first server is silent: no answer and no acknowledgement.
  static constexpr Duration silent_patience = std::chrono::milliseconds(500);
  /// Over a slow link all three are longer, up to this.
  static constexpr Duration most_patience = std::chrono::seconds(2);

  /// What is known when the first attempt begins.
  struct Start {
    Instant begun, deadline;
    std::uint32_t servers;  ///< that may be asked, with the first one
    bool warm;              ///< the first server's connection is up
    bool same_operator;     ///< the second server belongs to the same operator, so it may learn the name sooner
    Duration hedge_delay;   ///< until a second copy is considered
    Duration usual{};       ///< time of an answer of the first server; zero if it is not known
  };

  /// What happened.
  enum class Event : std::uint8_t {
    answered,     ///< an answer came that ends the query
    all_failed,   ///< no attempt is running, and none brought such an answer
    woken,        ///< the time of Step::until has come, or one of several attempts failed
    silent,       ///< after Action::look: the first server is silent
    heard,        ///< after Action::look: the first server answers or acknowledges
    asked,        ///< after Action::next_server or other_channel: another attempt is running
    nobody_left,  ///< after Action::other_channel: there is no other channel
    copied,       ///< after Action::hedge: a second copy is on its way
    not_copied,   ///< after Action::hedge: the query does not seem lost yet, or the budget has no copy yet
    settled,      ///< after Action::hedge: no copy can help any more
  };
  /// What to do.
  enum class Action : std::uint8_t {
    wait,           ///< for an attempt to end, at most until Step::until
    look,           ///< check if the first server is silent
    next_server,    ///< ask the server in place Step::server of the order
    other_channel,  ///< ask over another channel of the last server
    hedge,          ///< send a second copy if the query seems lost
    finish,         ///< with the best answer so far
  };
  struct Step {
    Action action;
    std::uint32_t server = 0;  ///< with next_server: a place in the order, from 1
    Instant until{};           ///< with wait
    friend bool operator==(const Step&, const Step&) = default;
  };

  ExchangePlan() = default;
  explicit ExchangePlan(const Start& start);

  /// Begin with the event that the first attempt has caused.
  Step next(Event event, Instant now);

  Instant begun() const { return begun_; }

private:
  Step at(Instant now);
  Step ask_elsewhere();
  Step wait() const;

  Instant begun_{}, deadline_{};
  Instant patience_{};  // until then, no other server is asked
  Instant hedge_at_{};
  Duration hedge_delay_{};
  Duration warm_{}, cold_{};  // patience with an open connection, and with a new one
  std::uint32_t servers_ = 0;
  std::uint32_t asked_ = 1;  // servers; one more after the last server's other channel
  bool may_look_ = false;    // patience_ is short and counts only for a silent server
  bool copied_ = false;
};

}  // namespace tacet
