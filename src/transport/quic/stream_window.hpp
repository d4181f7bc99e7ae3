#pragma once
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

#include "tacet/instant.hpp"

namespace tacet {

/// How far the streams of a QUIC connection may run ahead of the oldest one without an answer. knot allows a thousand
/// streams, but drops a connection without a word at the eleventh behind one that is not over. So the window is narrow
/// until the server has answered a stream from beyond it; then it is wide, and a slow name holds up nothing. Streams
/// are numbered from 0 in the order of their opening. Pure.
class StreamWindow {
public:
  /// Beyond the narrow window a stream waits for the oldest one at least so long, even if a round trip is shorter.
  static constexpr Duration least_wait = std::chrono::milliseconds(100);
  static constexpr std::uint64_t narrow = 8, wide = 1000;

  /// The oldest stream without an answer.
  struct Oldest {
    std::uint64_t number;
    Instant opened;
  };

  /// When stream `next` may be opened: in the past, or when the oldest one is late. `oldest`: nothing if all are
  /// answered. `patience`: how long an answer may take if its name is not slow.
  Instant may_open(std::uint64_t next, const std::optional<Oldest>& oldest, Duration patience) const {
    if (!oldest || next < oldest->number + (is_wide_ ? wide : narrow)) return Instant::min();
    return is_wide_ ? Instant::max() : oldest->opened + std::max(least_wait, patience);
  }

  /// Stream `number` was answered, and `oldest` was not.
  void answered(std::uint64_t number, const Oldest& oldest) {
    is_wide_ = is_wide_ || number >= oldest.number + 2 * narrow;
  }

private:
  bool is_wide_ = false;
};

}  // namespace tacet
