#pragma once
#include <algorithm>

#include "tacet/instant.hpp"

namespace tacet {

/// Whether one service is believed to work, and when it is worth another look. Pure: told what happened and when.
class Health {
public:
  bool good() const { return failures_ == 0; }
  unsigned failures() const { return failures_; }

  void succeeded() { failures_ = 0; }
  void failed(Instant now) {
    // All that waits on one connection fails with it: that is one event, not many.
    if (!good() && now - last_failed_ < one_event) return;
    last_failed_ = now;
    failures_ = std::min(failures_ + 1, 16U);
    next_probe_ = now + back_off();
  }

  /// True if a failing service should be tried beside a working one; said once per back-off.
  bool probe_due(Instant now) {
    if (good() || now < next_probe_) return false;
    next_probe_ = now + back_off();
    return true;
  }

private:
  static constexpr Duration one_event = std::chrono::milliseconds(500);
  Duration back_off() const {
    return std::min<Duration>(std::chrono::seconds(30),
                              std::chrono::milliseconds(500) * (1 << std::min(failures_, 8U)));
  }

  unsigned failures_ = 0;
  Instant last_failed_{};
  Instant next_probe_{};
};

/// Holds extra queries to a share of all queries in the long run, with a burst to begin with.
class ExtraBudget {
public:
  static constexpr double share = 0.05, burst = 50;

  void earn() { tokens_ = std::min(burst, tokens_ + share); }
  /// At least half of the burst is left.
  bool plenty() const { return scarcity() == 0; }
  /// 0 while half of the burst is left, 1 when nothing is.
  double scarcity() const { return std::max(0.0, 1 - 2 * tokens_ / burst); }
  bool spend() {
    if (tokens_ < 1) return false;
    tokens_ -= 1;
    return true;
  }

private:
  double tokens_ = burst;
};

}  // namespace tacet
