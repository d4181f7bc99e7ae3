#pragma once
#include <string>
#include <vector>

#include "config/fault.hpp"
#include "tacet/config.hpp"

namespace tacet {

/// A configuration as the packaged unit (packaging/systemd/tacet.service) sees it.
struct ServiceView {
  std::vector<ConfigFault> faults;  ///< the files that the service cannot use
  std::vector<std::string>
      warnings;  ///< missing things that it can do without: "control.group: the problem, the advice"
};

/// Judges the files that `config`, read from `file`, names, as the service's user sees them. That user owns nothing, is
/// in group tacet, and the unit hides some paths from it. Only root can judge as another user; without root it judges
/// with its own rights, and a warning says so. Call it before there are threads.
ServiceView as_the_service(const Config& config, const std::string& file);

}  // namespace tacet
