#pragma once
#include <future>
#include <optional>
#include <utility>
#include <vector>

#include "doctor/upstream_checks.hpp"
#include "tacet/config.hpp"

namespace tacet {

/// Asks DoH servers for /cdn-cgi/trace, which Cloudflare's have, each on a thread of its own: over the address and the
/// authorities of the upstream, or it would measure another site.
class TraceFetches {
public:
  /// Begins, if the try goes straight to an address by DoH. `into` must live until await().
  void begin(const UpstreamConfig& upstream, ReachTry& into);
  /// Waits for all; three seconds from the beginning at most.
  void await();

private:
  std::vector<std::pair<ReachTry*, std::future<std::optional<Trace>>>> running_;
};

}  // namespace tacet
