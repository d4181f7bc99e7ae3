#pragma once
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "tacet/result.hpp"

namespace tacet {

/// One request to the control socket of a running tacet.
struct ControlRequest {
  std::string method;  ///< "GET" or "POST"
  std::string path;    ///< "/status"
  std::multimap<std::string, std::string> parameters = {};
};

/// Asks the tacet that listens at `socket_path`, and waits for its answer for ten seconds. Faults: unreachable (no
/// tacet listens there), refused (no permission, or tacet refuses the request), protocol, timeout; the detail is for
/// the user.
Result<nlohmann::ordered_json> ask(const std::string& socket_path, const ControlRequest& request);

}  // namespace tacet
