#pragma once
#include <cstdint>

namespace tacet {

/// Tells when a QUIC connection should be replaced because its server will allow few further streams. Some servers
/// (knot) allow a number of streams once and for all; others allow a further one for each that has ended. Pure.
class StreamCredit {
public:
  /// True once streams run short: less than an eighth of the first allowance is left, although each stream that is
  /// still `open` may yet bring another. Call it after every turn.
  bool is_short(std::uint64_t left, std::uint64_t open) {
    if (first_ == 0) first_ = left + open;
    return left + open <= first_ / 8;
  }

private:
  std::uint64_t first_ = 0;
};

}  // namespace tacet
