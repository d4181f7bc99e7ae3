#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/setup/file_image.hpp"
#include "tacet/result.hpp"

namespace tacet {

/// The program that decides which DNS servers this machine asks.
enum class DnsManager : std::uint8_t { resolved, network_manager, resolvconf, openresolv, plain, networksetup };

/// "systemd-resolved", "NetworkManager", "resolvconf", "openresolv", "plain", "networksetup" (macOS).
std::string_view to_string(DnsManager manager);
/// The manager of one of these names; nothing for any other.
std::optional<DnsManager> manager_named(std::string_view name);

/// One file that installing changes, below the root.
struct FileChange {
  std::string path;  ///< "/etc/resolv.conf"
  FileImage after;
};

/// A program to run, found by PATH, and its standard input.
struct Command {
  std::vector<std::string> words;
  std::string input = {};
};

/// The files and commands that make a manager use tacet, and the commands that undo it.
struct InstallPlan {
  std::vector<FileChange> files;
  std::vector<Command> apply;   ///< after the files were written
  std::vector<Command> revert;  ///< after the files were put back
};

/// The manager of /etc/resolv.conf in the system below `root` ("" is this machine), found by that file and its links.
/// Faults: unsupported (an unknown program writes it; the detail has advice), system.
Result<DnsManager> find_manager(const std::string& root);

/// The manager of /etc/resolv.conf, then the managers that programs ask without that file.
std::vector<DnsManager> with_others_in_use(DnsManager of_resolv_conf, const std::string& root);

/// "NetworkManager and systemd-resolved".
std::string to_string(const std::vector<DnsManager>& managers);

/// The plan that makes these managers ask `server`, an IP address, and no other. The first manager has
/// /etc/resolv.conf. Changes nothing yet. Faults: system.
Result<InstallPlan> plan_install(const std::vector<DnsManager>& managers, const std::string& root,
                                 const std::string& server);

/// The nameservers of a resolv.conf, in its order.
std::vector<std::string> nameservers(std::string_view resolv_conf);

/// The `search`, `domain` and `options` lines of a resolv.conf: the suffixes for short names, and the options.
struct ResolvConfSettings {
  std::vector<std::string> searches;
  std::vector<std::string> options;
};
/// Reads them. Of several `search` and `domain` lines the last one counts; the options add up.
ResolvConfSettings resolv_conf_settings(std::string_view resolv_conf);

/// The text of /etc/resolv.conf below `root`, also if it is a link; nothing if it cannot be read.
std::string resolv_conf_text(const std::string& root);

}  // namespace tacet
