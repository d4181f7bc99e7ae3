#pragma once
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "base/descriptor.hpp"
#include "base/loop.hpp"
#include "transport/network/network_state.hpp"

namespace tacet {

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

  bool pending() const { return alarm_.armed(); }

private:
  Scheduler& scheduler_;
  Duration delay_;
  Alarm alarm_;
};

/// Tells when this machine's connection to the network changes: an address or a default route comes, goes or changes.
/// It ignores what leaves the path to the Internet as it is: refreshed lifetimes (every router advertisement), loopback
/// and link-local addresses, routes to single networks. Of a followed interface it tells all.
class NetWatch {
public:
  /// `on_change` is called on the loop about 100 ms after the first of a burst of events; it may destroy the NetWatch.
  /// Where the system cannot tell (see works()), it is never called.
  NetWatch(Loop& loop, std::function<void()> on_change);
  NetWatch(const NetWatch&) = delete;
  NetWatch& operator=(const NetWatch&) = delete;

  /// Follows these interfaces from now on: tells when one comes, goes, or gets or loses a route.
  void follow(std::set<std::string> interfaces);

  /// True if changes are noticed: Linux, unless the kernel refused the socket.
  bool works() const { return watch_.has_value(); }

private:
  void drain();
  void compare();
  void compare_now();

  Descriptor socket_;
  std::set<std::string> followed_;
  std::function<void()> on_change_;
  std::optional<NetworkState> picture_;  // nothing if the kernel does not tell; then every event is a change
  Burst events_;
  std::optional<Watch> watch_;  // behind the socket: gone before it is closed
};

}  // namespace tacet
