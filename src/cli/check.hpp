#pragma once
#include <cstdint>
#include <iosfwd>
#include <string>

namespace tacet {

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

}  // namespace tacet
