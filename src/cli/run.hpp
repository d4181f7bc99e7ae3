#pragma once
#include <iosfwd>

#include "cli/command_line.hpp"

namespace tacet {

/// `tacet run`: runs the resolver until SIGTERM or SIGINT. Returns the exit code, with the fault on `err`: 0; 1 if
/// another start may work; 78 (EX_CONFIG) if a person must change the configuration first.
int run_server(const CommandLine& given, std::ostream& err);

}  // namespace tacet
