#pragma once
#include <iosfwd>
#include <string>

namespace tacet {

/// `tacet log-level`: makes the tacet that listens at `socket_path` log at `level` and above. Returns the exit code: 0,
/// or 1 with the reason on `err`.
int run_log_level(const std::string& socket_path, const std::string& level, std::ostream& out, std::ostream& err);

}  // namespace tacet
