#pragma once
#include <string>

#include "cli/setup/dns_manager.hpp"

namespace tacet {

/// The plan of each manager to ask `server` and no other; one file dns_manager_NAME.cpp for each.

/// A drop-in; the stub replaces a resolv.conf that also names the network's servers.
Result<InstallPlan> plan_resolved(const std::string& root, const std::string& server);
/// A drop-in, for a /etc/resolv.conf of another program while programs also ask resolved directly.
InstallPlan plan_resolved_beside(const std::string& root, const std::string& server);
/// A drop-in with a global server. That server hides the search domains and options of the connections, so the drop-in
/// repeats them. A script updates them when connections come and go.
InstallPlan plan_network_manager(const std::string& root, const std::string& server);
/// Debian's resolvconf: a record that the service adds again after every boot.
InstallPlan plan_resolvconf(const std::string& server);
/// A line in /etc/resolvconf.conf.
Result<InstallPlan> plan_openresolv(const std::string& root, const std::string& server);
/// The file itself, and hooks that keep dhclient and dhcpcd from writing it.
Result<InstallPlan> plan_plain(const std::string& root, const std::string& server);
/// macOS: a command for every network service. They are untested, so a person has to type them.
InstallPlan plan_networksetup(const std::string& server);

}  // namespace tacet
