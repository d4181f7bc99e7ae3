#pragma once
#include <string>

#include "cli/setup/dns_manager.hpp"

namespace tacet {

/// How each manager is told, in its own way, to ask `server` and nobody else; one file dns_manager_NAME.cpp for each.

/// A drop-in; the stub is put before a resolv.conf that names the network's servers as well.
Result<InstallPlan> plan_resolved(const std::string& root, const std::string& server);
/// A drop-in, where /etc/resolv.conf is another's and programs reach resolved past it.
InstallPlan plan_resolved_beside(const std::string& root, const std::string& server);
/// A drop-in with a global server, which stands above those of the connections, and with what that hides of them:
/// search domains and options. A script keeps these up to date when connections come and go.
InstallPlan plan_network_manager(const std::string& root, const std::string& server);
/// Debian's resolvconf: a record of ours, which the service adds again after every boot.
InstallPlan plan_resolvconf(const std::string& server);
/// A line in /etc/resolvconf.conf.
Result<InstallPlan> plan_openresolv(const std::string& root, const std::string& server);
/// The file itself, and a hook that keeps dhclient from writing it.
Result<InstallPlan> plan_plain(const std::string& root, const std::string& server);
/// macOS: every network service by itself. Untested, so these are commands to read and type.
InstallPlan plan_networksetup(const std::string& server);

}  // namespace tacet
