#pragma once
#include <iosfwd>
#include <string>

#include "cli/command_line.hpp"

namespace tacet {

/// The request of `tacet takeover`.
struct TakeoverRequest {
  std::string compose;                       ///< a compose file: only says what to do
  std::string unit;                          ///< --unit; the one running resolver that tacet knows if empty
  std::string config = service_config_file;  ///< the service's
  std::string socket;                        ///< tacet's control socket, which identifies it
  bool dry_run = false;
};

/// `tacet takeover`: tacet answers at the address and port of another resolver's service, with its upstreams. It asks
/// the upstreams first. Then it starts tacet beside the old service, on the same addresses, and stops that only when
/// tacet has answered a query there; otherwise it puts everything back. Where the kernel or the old service does not
/// allow two on an address, it stops the old service first. For a compose file it prints what to do and changes
/// nothing. Returns the exit code: 0, or 1 with the reason on `err`.
int run_takeover(const TakeoverRequest& request, std::ostream& out, std::ostream& err);

}  // namespace tacet
