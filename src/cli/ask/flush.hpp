#pragma once
#include <iosfwd>
#include <string>

namespace tacet {

/// The request of `tacet flush`: forget one name, a zone with all below it, or everything.
struct FlushRequest {
  std::string name;   ///< empty: not one name
  std::string below;  ///< empty: no zone
  bool all = false;   ///< the same as neither of them
};

/// `tacet flush`: prints the number of forgotten answers on `out`. Returns the exit code: 0, or 1 with the reason on
/// `err`.
int run_flush(const std::string& socket_path, const FlushRequest& request, std::ostream& out, std::ostream& err);

}  // namespace tacet
