#pragma once
#include "base/clock.hpp"

namespace tacet {

/// A clock that a test moves by hand. It starts a day after boot, so that "a day ago" exists.
class ManualClock final : public Clock {
public:
  Instant now() const override { return now_; }
  Duration asleep() const override { return asleep_; }
  WallTime wall_time() const override { return wall_time_; }
  void advance(Duration by) {
    now_ += by;
    wall_time_ += by;
  }
  void sleep(Duration by) {
    advance(by);
    asleep_ += by;
  }
  /// Corrects the time of day, as a time server does; everything else goes on as before.
  void set_wall_time(WallTime to) { wall_time_ = to; }

private:
  Instant now_{std::chrono::hours(24)};
  Duration asleep_{};
  WallTime wall_time_ = std::chrono::sys_days(std::chrono::January / 1 / 2026);
};

}  // namespace tacet
