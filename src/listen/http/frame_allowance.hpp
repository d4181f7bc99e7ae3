#pragma once
#include <algorithm>

#include "tacet/instant.hpp"

namespace tacet {

/// How many frames beside useful requests one HTTP/2 client may still send: PING, SETTINGS, WINDOW_UPDATE, empty DATA,
/// requests that it takes back. Answered requests and time give it more. A browser never comes near the limit; a flood
/// meets it at once.
class FrameAllowance {
public:
  static constexpr int most = 512;
  static constexpr int for_an_answer = 4, in_a_second = 4;

  explicit FrameAllowance(Instant now) : since_(now) {}

  void earn() { left_ = std::min(most, left_ + for_an_answer); }
  /// False if nothing was left.
  bool spend(Instant now) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now - since_).count();
    if (seconds > 0) {
      since_ = now;
      left_ = seconds > most ? most : std::min(most, left_ + static_cast<int>(seconds) * in_a_second);
    }
    return left_-- > 0;
  }

private:
  Instant since_;
  int left_ = most;
};

}  // namespace tacet
