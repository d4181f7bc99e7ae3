#pragma once
#include "tacet/instant.hpp"

namespace tacet {

/// Reads the time. No other code does; all other code gets the time as an argument.
class Clock {
public:
  virtual ~Clock() = default;

  /// Time since boot, suspended time included (CLOCK_BOOTTIME where it exists).
  virtual Instant now() const = 0;

  /// How long the machine has been asleep since boot. If it grows between two readings, the machine was suspended.
  virtual Duration asleep() const = 0;

  /// The time of day as the machine believes it (CLOCK_REALTIME). It can be wrong by years after a start.
  virtual WallTime wall_time() const = 0;
};

/// The machine's clock.
class SystemClock final : public Clock {
public:
  Instant now() const override;
  Duration asleep() const override;
  WallTime wall_time() const override;
};

}  // namespace tacet
