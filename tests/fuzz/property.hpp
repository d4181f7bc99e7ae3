#pragma once
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <vector>

#include "tacet/name.hpp"

/// What every fuzzer defines and libFuzzer or replay.cpp calls.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size);

namespace tacet::fuzz {

/// Ends the process, with the sentence that does not hold, so that the input counts as a finding.
inline void require(bool holds, const char* sentence) {
  if (holds) return;
  std::fprintf(stderr, "not true: %s\n", sentence);
  std::abort();
}

/// A copy in a block of exactly its size, so that the sanitizer sees a read beyond its end.
inline std::vector<std::uint8_t> copy_of(Bytes octets) {
  std::vector<std::uint8_t> copy(octets.begin(), octets.end());
  copy.shrink_to_fit();
  return copy;
}

/// An input read as a series of choices; zeros once it is used up.
class Choices {
public:
  explicit Choices(Bytes rest) : rest_(rest) {}

  std::uint8_t u8() {
    if (rest_.empty()) return 0;
    const std::uint8_t octet = rest_.front();
    rest_ = rest_.subspan(1);
    return octet;
  }
  std::uint16_t u16() { return static_cast<std::uint16_t>(u8() << 8 | u8()); }
  bool chance() { return (u8() & 1) != 0; }
  /// A number below `limit`.
  std::size_t below(std::size_t limit) { return u8() % limit; }
  /// Up to `count` octets.
  Bytes take(std::size_t count) {
    const Bytes taken = rest_.first(count < rest_.size() ? count : rest_.size());
    rest_ = rest_.subspan(taken.size());
    return taken;
  }
  Bytes rest() const { return rest_; }
  bool empty() const { return rest_.empty(); }

private:
  Bytes rest_;
};

}  // namespace tacet::fuzz
