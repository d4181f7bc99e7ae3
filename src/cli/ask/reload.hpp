#pragma once
#include <iosfwd>
#include <string>

namespace tacet {

/// `tacet reload`: makes the running tacet read its configuration again, and prints the changes on `out`. Returns the
/// exit code: 0, or 1 with every fault on `err` if tacet refused the configuration or cannot be reached.
int run_reload(const std::string& socket_path, std::ostream& out, std::ostream& err);

}  // namespace tacet
