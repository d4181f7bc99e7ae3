#pragma once
#include <iosfwd>

#include "cli/command_line.hpp"

namespace tacet {

/// `tacet run`: the resolver, until SIGTERM or SIGINT. Returns the exit code, with what is wrong on `err`: 0;
/// 1 if it may work another time; 78 (EX_CONFIG) if it will not until somebody changes the configuration.
int run_server(const CommandLine& given, std::ostream& err);

}  // namespace tacet
