#pragma once
#include <cstdint>
#include <unordered_map>

#include "resolve/in_flight.hpp"

namespace tacet {

/// Remembers failures for a moment, so that a client that repeats a question does not repeat the work (RFC 9520). Apart
/// from the cache, so a failure never hides an answer. Bounded; pure, time is an argument.
class Failures {
public:
  /// An upstream's SERVFAIL or the like is held longer than a failure of our own connections, which may end at any
  /// moment.
  static constexpr Duration upstream_held = std::chrono::seconds(3), own_held = std::chrono::seconds(1);

  void remember(const CacheKey& key, const FetchResult& result, Instant now) {
    if (held_.size() >= limit) held_.clear();
    const bool own = !result->has_value();
    held_.insert_or_assign(key, Held{result, now + (own ? own_held : upstream_held), own});
    own_ += own ? 1 : 0;
  }

  /// The failure that the question met a moment ago; null if there is none.
  FetchResult recall(const CacheKey& key, Instant now) {
    const auto found = held_.find(key);
    if (found == held_.end()) return nullptr;
    if (now < found->second.until) return found->second.result;
    held_.erase(found);
    return nullptr;
  }

  /// The same without a change.
  FetchResult peek(const CacheKey& key, Instant now) const {
    const auto found = held_.find(key);
    return found != held_.end() && now < found->second.until ? found->second.result : nullptr;
  }

  /// An upstream answers again, or the network changed: forgets failures of our own connections.
  void forget_own() {
    if (own_ == 0) return;
    std::erase_if(held_, [](const auto& entry) { return entry.second.own; });
    own_ = 0;
  }

  std::size_t size() const { return held_.size(); }

private:
  static constexpr std::size_t limit = 1024;
  struct Held {
    FetchResult result;
    Instant until;
    bool own;
  };
  std::unordered_map<CacheKey, Held, CacheKeyHash> held_;
  std::uint64_t own_ = 0;  // remembered since forget_own()
};

}  // namespace tacet
