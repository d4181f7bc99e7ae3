#include "pool/ladder_memory.hpp"

#include <algorithm>

namespace tacet {

std::optional<KnownWay> LadderMemory::find(const std::string& network, const std::string& server, Instant now) const {
  const std::lock_guard lock(mutex_);
  const auto found = known_.find({network, server});
  if (found == known_.end() || now >= found->second.until) return std::nullopt;
  return found->second;
}

void LadderMemory::keep(const std::string& network, const std::string& server, KnownWay known, Instant now) {
  if (network.empty()) return;
  known.until = now + lifetime;
  const std::lock_guard lock(mutex_);
  known_[{network, server}] = known;
  if (known_.size() > most)
    known_.erase(std::ranges::min_element(known_, {}, [](const auto& entry) { return entry.second.until; }));
}

void LadderMemory::forget(const std::string& network, const std::string& server) {
  const std::lock_guard lock(mutex_);
  known_.erase({network, server});
}

std::optional<SocketAddress> LadderMemory::address(const std::string& network, const std::string& server) const {
  const std::lock_guard lock(mutex_);
  const auto found = addresses_.find({network, server});
  return found == addresses_.end() ? std::nullopt : std::optional(found->second);
}

void LadderMemory::keep_address(const std::string& network, const std::string& server, const SocketAddress& address) {
  if (network.empty()) return;
  const std::lock_guard lock(mutex_);
  if (addresses_.size() >= most) addresses_.clear();
  addresses_[{network, server}] = address;
}

bool LadderMemory::is_new(const std::string& network, const std::string& text, Instant now) {
  const std::lock_guard lock(mutex_);
  const auto found = said_.find(network);
  if (found != said_.end() && found->second.first == text && now < found->second.second) return false;
  if (said_.size() >= most) said_.clear();
  said_[network] = {text, now + lifetime};
  return true;
}

}  // namespace tacet
