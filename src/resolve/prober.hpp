#pragma once
#include <algorithm>
#include <cstddef>
#include <deque>
#include <functional>
#include <utility>

#include "base/scheduler.hpp"
#include "tacet/name.hpp"

namespace tacet {

/// Asks questions of our own, one at a time and only while no client waits: at most one in each `pace`, and in the long
/// run at most `share` of the questions that clients cause.
class Prober {
public:
  static constexpr Duration pace = std::chrono::milliseconds(50);
  static constexpr double share = 0.2, burst = 50;
  static constexpr std::size_t most_waiting = 256;

  /// `busy` tells if a client waits. `ask` sends the question for a name, or returns false if that is not needed.
  Prober(Scheduler& scheduler, std::function<bool()> busy, std::function<bool(const Name&)> ask)
      : busy_(std::move(busy)),
        ask_(std::move(ask)),
        scheduler_(scheduler),
        alarm_(scheduler, [this] { tick(); }) {}

  /// Call it when a client's question goes to an upstream.
  void earn() {
    tokens_ = std::min(burst, tokens_ + share);
    wake();
  }
  bool has_room() const { return waiting_.size() < most_waiting; }
  /// Queues a name, if there is room.
  void want(const Name& name) {
    if (has_room()) waiting_.push_back(name);
    wake();
  }

  /// Drops all queued names.
  void forget() {
    waiting_.clear();
    alarm_.disarm();
  }

private:
  void wake() {
    if (!waiting_.empty() && tokens_ >= 1 && !alarm_.armed()) alarm_.arm(scheduler_.now() + pace);
  }
  void tick() {
    if (!busy_()) {
      const Name name = waiting_.front();
      waiting_.pop_front();
      if (ask_(name)) tokens_ -= 1;
    }
    wake();
  }

  std::function<bool()> busy_;
  std::function<bool(const Name&)> ask_;
  Scheduler& scheduler_;
  Alarm alarm_;
  std::deque<Name> waiting_;
  double tokens_ = burst;
};

}  // namespace tacet
