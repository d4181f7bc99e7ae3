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
};

/// The machine's clock.
class SystemClock final : public Clock {
public:
  Instant now() const override;
  Duration asleep() const override;

  /// Seconds since 1970, as the machine believes; for nothing but to be shown.
  static double unix_time();
};

}  // namespace tacet
