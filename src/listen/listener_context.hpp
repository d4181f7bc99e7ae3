#pragma once
#include <functional>
#include <memory>
#include <string>

#include "base/loop.hpp"
#include "base/task_group.hpp"
#include "listen/admission.hpp"
#include "observe/log_gates.hpp"
#include "observe/metrics.hpp"
#include "resolve/resolver.hpp"

namespace tacet {

/// What all listeners of a worker answer queries with. `tasks` must be cancelled before the listeners are destroyed;
/// everything else must outlive them.
struct ListenerContext {
  Loop& loop;
  TaskGroup& tasks;
  Resolver& resolver;
  Metrics& metrics;
  Admission& admission;
  std::shared_ptr<LogGates> gates;
  const std::string& nsid;               ///< the name of this server for clients that ask; empty: none
  const Designate* designate = nullptr;  ///< outlives it; null: the listener designates none
  std::function<bool()> is_ready = {};   ///< whether the worker can get answers now; needed for HTTPS only
};

}  // namespace tacet
