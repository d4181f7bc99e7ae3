#pragma once
#include <chrono>
#include <string>

#include "tacet/result.hpp"

namespace tacet {

/// Checks that the fresh names for which a new process asks by getaddrinfo() arrive at the tacet with this control
/// socket; `server` is its address, for the words. Ends a process that gets no answers within `patience`. Faults:
/// refused (they arrive elsewhere), system, and those of query_count().
Result<void> names_arrive(const std::string& server, const std::string& socket, std::chrono::seconds patience);

}  // namespace tacet
