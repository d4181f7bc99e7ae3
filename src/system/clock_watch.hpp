#pragma once
#include <functional>
#include <memory>

#include "base/loop.hpp"

namespace tacet {

/// Tells when somebody sets the time of day. After a suspend it tells as well, because the kernel sets its clock then.
/// On systems that cannot tell, it never does.
class ClockWatch {
public:
  /// Calls `on_set` on the loop, which must outlive the object.
  ClockWatch(Loop& loop, std::function<void()> on_set);
  ~ClockWatch();
  ClockWatch(const ClockWatch&) = delete;
  ClockWatch& operator=(const ClockWatch&) = delete;

private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tacet
