#pragma once
#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "tacet/instant.hpp"

namespace tacet {

/// Secrets that open the page with names. The control socket's clients get them, and a browser shows one in its
/// request, because a connection over TCP does not tell which user made it. Any thread.
class PagePasses {
public:
  static constexpr Duration lasts = std::chrono::minutes(10);
  /// How many hold at one time. The next one ends the oldest.
  static constexpr std::size_t most = 8;

  /// Makes a new one: 32 hexadecimal digits, which are 128 random bits. Throws if the system gives no random octets.
  std::string issue(Instant now);
  /// True while `pass` holds. The time that this takes tells nothing of a pass.
  bool admits(std::string_view pass, Instant now) const;

private:
  struct Issued {
    std::string pass;
    Instant ends;
  };
  mutable std::mutex mutex_;
  std::vector<Issued> issued_;  // the oldest first
};

}  // namespace tacet
