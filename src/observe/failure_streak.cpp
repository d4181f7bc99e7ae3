#include "observe/failure_streak.hpp"

#include <algorithm>

namespace tacet {

/// True if the domain is new and makes the streak long enough.
bool FailureStreak::count(std::uint64_t domain) {
  if (domains_.size() >= enough || std::ranges::find(domains_, domain) != domains_.end()) return false;
  domains_.push_back(domain);
  return domains_.size() == enough;
}

bool FailureStreak::failed(std::uint64_t domain, Instant now) {
  last_failure_ = now;
  return count(domain);
}

void FailureStreak::succeeded(Instant now) {
  last_success_ = now;
  domains_.clear();
}

void FailureStreak::add(const FailureStreak& other) {
  for (const std::uint64_t domain : other.domains_) count(domain);
  last_failure_ = std::max(last_failure_, other.last_failure_);
  last_success_ = std::max(last_success_, other.last_success_);
}

}  // namespace tacet
