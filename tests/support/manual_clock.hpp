#pragma once
#include "base/clock.hpp"

namespace tacet {

/// A clock that a test moves by hand. It starts a day after boot, so that "a day ago" exists.
class ManualClock final : public Clock {
public:
  Instant now() const override { return now_; }
  Duration asleep() const override { return asleep_; }
  void advance(Duration by) { now_ += by; }
  void sleep(Duration by) {
    now_ += by;
    asleep_ += by;
  }

private:
  Instant now_{std::chrono::hours(24)};
  Duration asleep_{};
};

}  // namespace tacet
