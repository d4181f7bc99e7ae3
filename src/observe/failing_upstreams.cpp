#include "observe/failing_upstreams.hpp"

#include <utility>

namespace tacet {

bool FailingUpstreams::may_name(const std::string& upstream, Instant now) {
  const std::lock_guard lock(mutex_);
  if (lines_ == 0 || now - began_ >= period) {
    began_ = now;
    lines_ = 0;
    named_.clear();
    counted_.clear();
  }
  if (named_.contains(upstream) || counted_.contains(upstream)) return false;
  if (lines_ == most_named) return unnamed_.insert(upstream), false;
  ++lines_;
  named_.insert(upstream);
  said_.insert(upstream);
  unnamed_.erase(upstream);
  return true;
}

bool FailingUpstreams::works(const std::string& upstream) {
  const std::lock_guard lock(mutex_);
  unnamed_.erase(upstream);
  counted_.erase(upstream);
  named_.erase(upstream);
  return said_.erase(upstream) > 0;
}

std::size_t FailingUpstreams::take_unnamed() {
  const std::lock_guard lock(mutex_);
  const std::size_t more = unnamed_.size();
  counted_.merge(std::exchange(unnamed_, {}));
  return more;
}

}  // namespace tacet
