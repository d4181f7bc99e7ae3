#pragma once
#include <iosfwd>
#include <string>

namespace tacet {

/// What `tacet exposure` is to do.
struct ExposureRequest {
  bool json = false;    ///< print for programs
  bool clear = false;   ///< forget all names instead of showing them
  std::string explain;  ///< all that is known of this name; empty: the tables
};

/// `tacet exposure`: what others can still see, as far as the tacet that listens at `socket_path` knows, on `out`.
/// Returns the exit code: 0, or 1 after saying on `err` why it cannot be told.
int run_exposure(const std::string& socket_path, const ExposureRequest& request, std::ostream& out, std::ostream& err);

}  // namespace tacet
