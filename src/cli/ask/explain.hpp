#pragma once
#include <iosfwd>
#include <string>

namespace tacet {

/// A question as typed.
struct ExplainRequest {
  std::string name;
  std::string type;   ///< empty: A
  bool json = false;  ///< print for programs
};

/// `tacet explain`: prints on `out` what the tacet that listens at `socket_path` would answer, and why. It asks no
/// upstream. Returns the exit code: 0, or 1 with the reason on `err`.
int run_explain(const std::string& socket_path, const ExplainRequest& request, std::ostream& out, std::ostream& err);

}  // namespace tacet
