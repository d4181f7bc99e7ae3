#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>

#include "tacet/instant.hpp"

namespace tacet::log {

/// Lets one event a minute through, on whatever thread it happens, and counts the rest. One gate for each kind of log
/// line that a client can cause at will.
class Gate {
public:
  static constexpr Duration period = std::chrono::minutes(1);

  /// The number of events held back since the last one that passed; nothing if this event is to be held back. Any
  /// thread.
  std::optional<std::uint64_t> pass(Instant now) {
    const auto time = now.time_since_epoch().count();
    auto opens = opens_.load(std::memory_order_relaxed);
    if (time < opens || !opens_.compare_exchange_strong(opens, time + period.count(), std::memory_order_relaxed)) {
      held_.fetch_add(1, std::memory_order_relaxed);
      return std::nullopt;
    }
    return held_.exchange(0, std::memory_order_relaxed);
  }

private:
  std::atomic<Duration::rep> opens_{std::numeric_limits<Duration::rep>::min()};
  std::atomic<std::uint64_t> held_{0};
};

}  // namespace tacet::log
