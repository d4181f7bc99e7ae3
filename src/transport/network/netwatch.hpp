#pragma once
#include <functional>
#include <memory>
#include <utility>

#include "base/loop.hpp"

namespace tacet {

/// Tells when this machine's way to the network has changed: an address or a default route came, went or is another.
/// What comes and goes without changing the way out is not told: refreshed lifetimes (every router advertisement),
/// loopback and link-local addresses, routes to single networks.
class NetWatch {
public:
  /// `on_change` is called on the loop about 100 ms after the first of a burst of events; it may destroy the NetWatch.
  /// Where the system cannot tell (see works()), it is never called.
  NetWatch(Loop& loop, std::function<void()> on_change);
  ~NetWatch();
  NetWatch(const NetWatch&) = delete;
  NetWatch& operator=(const NetWatch&) = delete;

  /// True if changes are noticed: Linux, unless the kernel refused the socket.
  bool works() const { return state_ != nullptr; }

private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Turns a burst of calls into one, `delay` after the first.
class Burst {
public:
  Burst(Scheduler& scheduler, Duration delay, std::function<void()> over)
      : scheduler_(scheduler),
        delay_(delay),
        alarm_(scheduler, std::move(over)) {}

  void add() {
    if (!alarm_.armed()) alarm_.arm(scheduler_.now() + delay_);
  }

private:
  Scheduler& scheduler_;
  Duration delay_;
  Alarm alarm_;
};

}  // namespace tacet
