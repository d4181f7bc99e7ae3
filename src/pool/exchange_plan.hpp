#pragma once
#include <cstdint>

#include "tacet/instant.hpp"

namespace tacet {

/// When a query without an answer is asked again, and when it is given up. Pure: it is told what happened and when, and
/// says what to do next. What that led to is the next event.
class ExchangePlan {
public:
  /// How long a query waits on one server before another is asked as well. A connection that is yet to be made needs
  /// three round trips. One that is up needs one, but the server's own recursion may take most of a second.
  static constexpr Duration cold_patience = std::chrono::milliseconds(600);
  static constexpr Duration warm_patience = std::chrono::milliseconds(900);
  /// The same if nothing is heard of the first server at all: no answer, and no acknowledgement.
  static constexpr Duration silent_patience = std::chrono::milliseconds(500);

  /// What is known when the first attempt begins.
  struct Start {
    Instant begun, deadline;
    std::uint32_t servers;  ///< that may be asked, the first included
    bool warm;              ///< the first server's connection is up
    bool same_operator;     ///< the second server is of the same operator: it may learn the name sooner
    Duration hedge_delay;   ///< until a second copy is thought of
  };

  /// What happened.
  enum class Event : std::uint8_t {
    answered,     ///< an answer came that ends the query
    all_failed,   ///< no attempt is under way any more, and none brought such an answer
    woken,        ///< a time has come, or one of several attempts failed
    silent,       ///< after Action::look: nothing is heard of the first server
    heard,        ///< after Action::look: something is
    asked,        ///< after Action::next_server or other_channel: another attempt is under way
    nobody_left,  ///< after Action::other_channel: there is no other
    copied,       ///< after Action::hedge: a second copy is under way
    not_copied,   ///< after Action::hedge: the query does not seem lost, or no copy can be afforded, as yet
    settled,      ///< after Action::hedge: no copy will ever be of use
  };
  /// What to do.
  enum class Action : std::uint8_t {
    wait,           ///< for an attempt to end, at most until Step::until
    look,           ///< whether the first server is silent
    next_server,    ///< ask the server in place Step::server of the order
    other_channel,  ///< ask over another channel of the server that was asked last
    hedge,          ///< send a second copy if the query seems lost
    finish,         ///< with the best that came
  };
  struct Step {
    Action action;
    std::uint32_t server = 0;  ///< with next_server: a place in the order, from 1
    Instant until{};           ///< with wait
    friend bool operator==(const Step&, const Step&) = default;
  };

  ExchangePlan() = default;
  explicit ExchangePlan(const Start& start);

  /// The first event is what the first attempt has led to by then.
  Step next(Event event, Instant now);

  Instant begun() const { return begun_; }

private:
  Step at(Instant now);
  Step ask_elsewhere();
  Step wait() const;

  Instant begun_{}, deadline_{};
  Instant patience_{};  // another server is asked then
  Instant hedge_at_{};
  Duration hedge_delay_{};
  std::uint32_t servers_ = 0;
  std::uint32_t asked_ = 1;  // servers, or one more: the last one's other channel
  bool may_look_ = false;    // patience_ is short: it counts for a silent server only
  bool copied_ = false;
};

}  // namespace tacet
