#pragma once
#include <iosfwd>
#include <string>

namespace tacet {

/// What `tacet cache` is to show: numbers, or every answer of one name or of a zone with all below it.
struct CacheRequest {
  std::string name;   ///< empty: not one name
  std::string below;  ///< empty: no zone
  bool json = false;  ///< print for programs
};

/// `tacet cache`: what the tacet that listens at `socket_path` holds, on `out`. Returns the exit code: 0, or 1 with the
/// reason on `err`.
int run_cache(const std::string& socket_path, const CacheRequest& request, std::ostream& out, std::ostream& err);

}  // namespace tacet
