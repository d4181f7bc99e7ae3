#pragma once
#include <iosfwd>
#include <string>

namespace tacet {

/// What `tacet flush` makes the running tacet forget: one name, a zone with all below it, or everything.
struct FlushRequest {
  std::string name;   ///< empty: not one name
  std::string below;  ///< empty: no zone
  bool all = false;   ///< says what neither of them says
};

/// `tacet flush`: tells on `out` how many answers were forgotten. Returns the exit code: 0, or 1 with the reason on
/// `err`.
int run_flush(const std::string& socket_path, const FlushRequest& request, std::ostream& out, std::ostream& err);

}  // namespace tacet
