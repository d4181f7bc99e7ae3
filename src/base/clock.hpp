#pragma once
#include "tacet/instant.hpp"

namespace tacet {

/// Reads the time. The only place that does; everything else is told what time it is.
class Clock {
public:
  virtual ~Clock() = default;

  /// Time since boot, suspended time included (CLOCK_BOOTTIME where it exists).
  virtual Instant now() const = 0;

  /// How long the machine has been asleep since boot; a growth between two readings is a suspend.
  virtual Duration asleep() const = 0;

  /// What the machine believes the time of day to be (CLOCK_REALTIME); it can be wrong by years after a start.
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
