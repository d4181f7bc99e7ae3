#pragma once
#include <iosfwd>
#include <string>

#include "cli/command_line.hpp"

namespace tacet {

/// What `tacet query` asks.
struct QueryRequest {
  std::string name;
  std::string type = "A";
  bool dnssec = false;  ///< with the DO bit: signatures, too
};

/// `tacet query`: asks through the upstreams of a configuration, without the daemon, and prints the answer, how it came
/// and what that exposed. Returns the exit code: 0 if there is an answer, whatever it says; 1 with the reason on `err`.
int run_query(const QueryRequest& request, const CommandLine& given, std::ostream& out, std::ostream& err);

}  // namespace tacet
