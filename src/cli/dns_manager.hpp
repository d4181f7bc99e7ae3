#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/file_image.hpp"
#include "tacet/result.hpp"

namespace tacet {

/// Who decides which DNS servers this machine asks.
enum class DnsManager : std::uint8_t { resolved, network_manager, resolvconf, openresolv, plain, networksetup };

/// "systemd-resolved", "NetworkManager", "resolvconf", "openresolv", "plain", "networksetup" (macOS).
std::string_view to_string(DnsManager manager);
std::optional<DnsManager> manager_named(std::string_view name);

/// One file that installing changes, below the root.
struct FileChange {
  std::string path;  ///< "/etc/resolv.conf"
  FileImage after;
};

/// A program to run, found by PATH, and what it reads.
struct Command {
  std::vector<std::string> words;
  std::string input = {};
};

/// What it takes to make a manager use tacet, and what to run when that is taken back.
struct InstallPlan {
  std::vector<FileChange> files;
  std::vector<Command> apply;   ///< after the files were written
  std::vector<Command> revert;  ///< after the files were put back
};

/// The manager of the system below `root` ("" is this machine), by /etc/resolv.conf and what it links to.
/// Faults: unsupported (a program that is not known writes it; the detail says what can be done), system.
Result<DnsManager> find_manager(const std::string& root);

/// The plan for a manager to ask `server`, an IP address, and nobody else. Nothing is changed yet. Faults: system.
Result<InstallPlan> plan_install(DnsManager manager, const std::string& root, const std::string& server);

/// The nameservers in a resolv.conf, in its order.
std::vector<std::string> nameservers(std::string_view resolv_conf);

}  // namespace tacet
