#pragma once
#include <optional>
#include <string>
#include <vector>

#include "cli/setup/dns_manager.hpp"
#include "cli/setup/kept_files.hpp"
#include "tacet/result.hpp"

namespace tacet {

/// The record of `tacet install`, kept in /var/lib/tacet/install until `tacet uninstall`: the managers, and a copy of
/// every former file under `before/` by its path, so that a person can restore it, too.
struct InstallState {
  std::vector<DnsManager> managers;  ///< the first has /etc/resolv.conf
  std::string server;
  KeptFiles kept;
};

/// That of a first install.
InstallState first_state(const std::string& root, const std::string& server);

/// The state below `root`, or nothing if tacet is not installed there. Faults: malformed, system.
Result<std::optional<InstallState>> load_state(const std::string& root);

/// Keeps a copy of every file of the plan that `state` does not have yet, and then the state itself; returns it. Change
/// nothing before this returns. Faults: system.
Result<InstallState> save_state(InstallState state, const InstallPlan& plan);

/// Restores every file, and removes the directories that it made if they are empty. Goes on after a fault and returns
/// the first. Leaves /etc/resolv.conf alone if it no longer names our server: another program has written it.
Result<void> restore_files(const InstallState& state);

/// True if `tacet install` wrote /etc/resolv.conf, and another program has written it since.
bool taken_over(const InstallState& state);

/// For people: that /etc/resolv.conf names neither the tacet of `tacet install` nor resolved any more, and who wrote
/// it. Empty if all is well, if the tacet that listens at `listening` is not the installed one, and if we may not look.
std::string strayed_resolv_conf(const std::string& root, const std::vector<std::string>& listening);

}  // namespace tacet
