#pragma once
#include <cstdint>
#include <iosfwd>
#include <string>

#include "cli/command_line.hpp"

/// The verbs that need no running tacet and change nothing of the system.
namespace tacet {

/// `tacet run`: runs the resolver until SIGTERM or SIGINT. Returns the exit code, with the fault on `err`: 0; 1 if
/// another start may work; 78 (EX_CONFIG) if a person must change the configuration first.
int run_server(const CommandLine& given, std::ostream& err);

/// The user for which `tacet check` judges the named files.
enum class CheckedAs : std::uint8_t {
  anybody,  ///< judges the file alone
  service,  ///< judges the named files, too, as the packaged service sees them
};

/// `tacet check`: prints the effective configuration of the file at `path` on `out`, or its faults on `err`, one per
/// line. Without a path it prints the built-in configuration and says so; the service has service_config_file. Returns
/// the exit code: 0, or 1 if there are faults. A likely mistake that is no fault (an address to listen at that this
/// machine does not have) is a warning on `err`.
int run_check(std::string path, CheckedAs checked_as, std::ostream& out, std::ostream& err);

/// The request of `tacet query`.
struct QueryRequest {
  std::string name;
  std::string type = "A";
  bool dnssec = false;  ///< with the DO bit: signatures, too
};

/// `tacet query`: asks through the upstreams of a configuration, without the daemon. Prints the answer, how it came and
/// what that exposed. Returns the exit code: 0 for any answer; 1 with the reason on `err`.
int run_query(const QueryRequest& request, const CommandLine& given, std::ostream& out, std::ostream& err);

/// The text of `tacet --version`: the versions of this program and of every library (as loaded, if the library tells),
/// and the features that they make possible.
std::string version_text();

}  // namespace tacet
