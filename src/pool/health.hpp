#pragma once
#include <algorithm>

#include "tacet/instant.hpp"

namespace tacet {

/// Whether one server is believed to work, and when a failing server gets a probe. Pure: the caller reports what
/// happened and when.
class Health {
public:
  bool good() const { return failures_ == 0; }
  /// Failures in a row; at most 16.
  unsigned failures() const { return failures_; }

  void succeeded() { failures_ = 0; }
  void failed(Instant now) {
    // Everything that waits on one connection fails with it. That counts as one failure.
    if (!good() && now - last_failed_ < one_event) return;
    last_failed_ = now;
    failures_ = std::min(failures_ + 1, 16U);
    next_probe_ = now + back_off();
  }

  /// True if a failing server should get a probe beside a working one. True once in each back-off, which grows from
  /// half a second to half a minute.
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

}  // namespace tacet
