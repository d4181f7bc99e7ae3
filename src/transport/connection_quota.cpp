#include "transport/connection_quota.hpp"

#include <utility>

namespace tacet {

bool ConnectionQuota::ended(std::size_t answers, std::size_t left, Instant now) {
  if (answers == 0 || left == 0) return false;
  if (std::exchange(last_, answers) != answers || answers > most) return false;
  quota_ = answers;
  until_ = now + kept;
  return !std::exchange(was_known_, true);
}

std::optional<std::size_t> ConnectionQuota::known(Instant now) const {
  if (quota_ == 0 || now >= until_) return std::nullopt;
  return quota_;
}

}  // namespace tacet
