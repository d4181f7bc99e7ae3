#pragma once
#include <string>

#include "tacet/result.hpp"

namespace tacet {

/// Asks the HTTPS listener of the browsers as a browser does: it must prove by the authority in this file (PEM,
/// absolute path) that it is 127.0.0.1, and answer a question that tacet answers by itself. Waits some seconds at most.
/// Faults: as Upstream::exchange().
Result<void> probe_listener(const std::string& authority_file);

/// Fault: in_use, if a program holds the port of the browsers' listener.
Result<void> check_port_is_free();

}  // namespace tacet
