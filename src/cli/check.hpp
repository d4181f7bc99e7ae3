#pragma once
#include <cstdint>
#include <iosfwd>
#include <string_view>

namespace tacet {

/// As whom `tacet check` looks at what a configuration names.
enum class CheckedAs : std::uint8_t {
  anybody,  ///< judges the file alone
  service,  ///< judges what it names, too, as the packaged service will
};

/// `tacet check`: the effective configuration in the file at `path` on `out`, or its faults on `err`, one per line.
/// Returns the exit code: 0, or 1 if there are faults. What is no fault, but may not be meant (an address to listen at
/// that this machine does not have), is a line on `err`, too.
int run_check(std::string_view path, CheckedAs checked_as, std::ostream& out, std::ostream& err);

}  // namespace tacet
