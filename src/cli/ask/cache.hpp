#pragma once
#include <iosfwd>
#include <string>

namespace tacet {

/// The request of `tacet cache`: numbers, or every answer of one name or of a zone with all below it.
struct CacheRequest {
  std::string name;   ///< empty: not one name
  std::string below;  ///< empty: no zone
  bool json = false;  ///< print for programs
};

/// `tacet cache`: prints the cache of the tacet that listens at `socket_path` on `out`. Returns the exit code: 0, or 1
/// with the reason on `err`.
int run_cache(const std::string& socket_path, const CacheRequest& request, std::ostream& out, std::ostream& err);

}  // namespace tacet
