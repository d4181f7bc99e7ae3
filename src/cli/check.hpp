#pragma once
#include <iosfwd>
#include <string_view>

namespace tacet {

/// `tacet check`: the effective configuration in the file at `path` on `out`, or its faults on `err`, one per line.
/// Returns the exit code: 0, or 1 if there are faults. What is no fault, but may not be meant (an address to listen at
/// that this machine does not have), is a line on `err`, too.
int run_check(std::string_view path, std::ostream& out, std::ostream& err);

}  // namespace tacet
