#pragma once
#include <iosfwd>
#include <string>

namespace tacet {

/// `tacet reload`: makes the running tacet read its configuration again, and tells on `out` what has changed. Returns
/// the exit code: 0, or 1 with every fault on `err` if the configuration was refused or nobody could be asked.
int run_reload(const std::string& socket_path, std::ostream& out, std::ostream& err);

}  // namespace tacet
