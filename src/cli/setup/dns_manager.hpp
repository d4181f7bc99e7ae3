#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/setup/file_image.hpp"
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

/// The manager of /etc/resolv.conf in the system below `root` ("" is this machine), by that file and what it links to.
/// Faults: unsupported (a program that is not known writes it; the detail says what can be done), system.
Result<DnsManager> find_manager(const std::string& root);

/// The manager of /etc/resolv.conf, and behind it those that programs ask without reading that file.
std::vector<DnsManager> with_others_in_use(DnsManager of_resolv_conf, const std::string& root);

/// "NetworkManager and systemd-resolved".
std::string to_string(const std::vector<DnsManager>& managers);

/// The plan for these managers, the first of which has /etc/resolv.conf, to ask `server`, an IP address, and nobody
/// else. Nothing is changed yet. Faults: system.
Result<InstallPlan> plan_install(const std::vector<DnsManager>& managers, const std::string& root,
                                 const std::string& server);

/// The nameservers in a resolv.conf, in its order.
std::vector<std::string> nameservers(std::string_view resolv_conf);

/// What a resolver may append to a short name, and how it is to ask, by the `search`, `domain` and `options` lines of a
/// resolv.conf.
struct ResolvConfSettings {
  std::vector<std::string> searches;
  std::vector<std::string> options;
};
ResolvConfSettings resolv_conf_settings(std::string_view resolv_conf);

/// What /etc/resolv.conf below `root` says, also if it is a link; nothing if it cannot be read.
std::string resolv_conf_text(const std::string& root);

}  // namespace tacet
