#pragma once
#include <iosfwd>
#include <string>

#include "cli/command_line.hpp"

namespace tacet {

/// The request of `tacet query`.
struct QueryRequest {
  std::string name;
  std::string type = "A";
  bool dnssec = false;  ///< with the DO bit: signatures, too
};

/// `tacet query`: asks through the upstreams of a configuration, without the daemon. Prints the answer, how it came and
/// what that exposed. Returns the exit code: 0 for any answer; 1 with the reason on `err`.
int run_query(const QueryRequest& request, const CommandLine& given, std::ostream& out, std::ostream& err);

}  // namespace tacet
