#pragma once
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "tacet/instant.hpp"
#include "tacet/upstream.hpp"

namespace tacet {

/// Says in the log what our own connections show to whoever sees the traffic: once per upstream and kind, and again
/// after a day. Shared by all workers.
class ExposureLog {
public:
  /// A connection to `upstream` (its URL) was made; `path` is the URL's path for DoH, empty for DoT.
  void established(const std::string& upstream, const std::string& path, const ConnectionFacts& facts, Instant now);

private:
  static constexpr Duration period = std::chrono::hours(24);
  bool due(const std::string& upstream, const std::string& kind, Instant now);

  std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, Instant> said_;
};

}  // namespace tacet
