#pragma once
#include <optional>
#include <string>
#include <vector>

#include "cli/setup/dns_manager.hpp"
#include "tacet/result.hpp"

namespace tacet {

/// What `tacet install` found and changed, kept in /var/lib/tacet/install until `tacet uninstall`: the managers, and a
/// copy of every file as it was, under `before/` by its path, so that a person can put it back as well.
struct InstallState {
  std::vector<DnsManager> managers;  ///< the first has /etc/resolv.conf
  std::string server;
  std::vector<std::string> files;        ///< changed or made, in order
  std::vector<std::string> directories;  ///< made, the outermost first
};

/// The state below `root`, or nothing if tacet is not installed there. Faults: malformed, system.
Result<std::optional<InstallState>> load_state(const std::string& root);

/// Keeps a copy of every file of the plan that is not in `state` yet, and then the state itself; returns it. Until this
/// has come back, nothing may be changed. Faults: system.
Result<InstallState> save_state(const std::string& root, InstallState state, const InstallPlan& plan);

/// Makes the directories of the state.
Result<void> make_directories(const std::string& root, const InstallState& state);

/// Puts back every file as it was, and removes the directories that were made and are empty. Goes on after a fault and
/// returns the first. /etc/resolv.conf is left alone if it no longer names our server: somebody else has taken over.
Result<void> restore_files(const std::string& root, const InstallState& state);

/// Whether /etc/resolv.conf below `root` was one of ours, and is another's by now.
bool taken_over(const std::string& root, const InstallState& state);

/// Forgets the state and its copies.
void remove_state(const std::string& root);

}  // namespace tacet
