#pragma once
#include <iosfwd>
#include <string_view>

namespace tacet {

/// `tacet check`: the effective configuration in the file at `path` on `out`, or its faults on `err`, one per line,
/// as are warnings of what it may not mean. Returns the exit code: 0, or 1 if there are faults.
int run_check(std::string_view path, std::ostream& out, std::ostream& err);

}  // namespace tacet
