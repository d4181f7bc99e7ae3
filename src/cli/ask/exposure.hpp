#pragma once
#include <iosfwd>
#include <string>

namespace tacet {

/// The request of `tacet exposure`.
struct ExposureRequest {
  bool json = false;    ///< print for programs
  bool clear = false;   ///< forget all names instead of showing them
  std::string explain;  ///< the name to explain; empty: the tables
};

/// `tacet exposure`: prints on `out` what others can still see, as the tacet that listens at `socket_path` knows it.
/// Returns the exit code: 0, or 1 with the reason on `err`.
int run_exposure(const std::string& socket_path, const ExposureRequest& request, std::ostream& out, std::ostream& err);

}  // namespace tacet
