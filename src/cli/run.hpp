#pragma once
#include <iosfwd>

#include "cli/command_line.hpp"

namespace tacet {

/// `tacet run`: the resolver, until SIGTERM or SIGINT. Returns the exit code: 0, or 1 with what is wrong on `err`.
int run_server(const CommandLine& given, std::ostream& err);

}  // namespace tacet
