#pragma once
#include <string>
#include <vector>

#include "config/fault.hpp"
#include "tacet/config.hpp"

namespace tacet {

/// What the packaged unit (packaging/systemd/tacet.service) makes of a configuration.
struct ServiceView {
  std::vector<ConfigFault> faults;    ///< what the service could not use
  std::vector<std::string> warnings;  ///< what it can do without, as "control.group: what is so, what to do"
};

/// Judges the files that `config`, read from `file`, names: as the service's user would see them, who owns nothing and
/// is in group tacet, and whom the unit keeps from some places. Another user is asked only by root; anybody else asks
/// with the rights that it has, and a warning says so. Before there are threads.
ServiceView as_the_service(const Config& config, const std::string& file);

}  // namespace tacet
