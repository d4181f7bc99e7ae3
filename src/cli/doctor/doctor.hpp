#pragma once
#include <string>
#include <vector>

#include "cli/command_line.hpp"
#include "cli/words.hpp"

namespace tacet {

/// The request of `tacet doctor`.
struct DoctorRequest {
  bool json = false;
  bool all = false;               ///< shows what is well, too
  bool dry_run = false;           ///< lists what would be sent
  bool paths = false;             ///< measures every way to the upstreams, and does nothing else
  bool portal_probe = false;      ///< fetches a page by plain HTTP, to find a portal
  bool redact = false;            ///< leaves addresses and names out
  std::vector<std::string> only;  ///< groups of checks: "path", "reach"…; empty: all
  std::string canaries;           ///< a file that replaces the built-in canaries; empty: none
};

/// The words that `--only` takes.
inline const std::vector<std::string> doctor_groups{"path", "reach", "who",   "net", "tls",
                                                    "host", "warp",  "clock", "self"};

/// `tacet doctor`: asks plain and encrypted servers about fixed public names, looks at this machine, and tells what the
/// network does to DNS. Returns 0 if there is nothing to do, 1 for warnings, 2 for failures, 3 if it could not run.
int run_doctor(const DoctorRequest& request, const CommandLine& given, const Streams& to);

}  // namespace tacet
