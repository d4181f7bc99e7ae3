#include "cli/setup/name_sources.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <system_error>

#include "base/file_text.hpp"
#include "base/text_parts.hpp"

namespace tacet {
namespace {

bool is_there(const std::string& path) {
  std::error_code error;
  return std::filesystem::exists(std::filesystem::symlink_status(path, error));
}

bool hosts_line_names(std::string_view line, std::string_view wanted) {
  line = line.substr(0, line.find('#'));
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return false;
  auto database = line.substr(0, colon);
  if (take_word(database) != "hosts") return false;
  line.remove_prefix(colon + 1);
  for (auto word = take_word(line); !word.empty(); word = take_word(line))
    if (word == wanted) return true;
  return false;
}

/// True if one of the links of `systemctl enable` is there: of Debian 12, of upstream, and for D-Bus.
bool resolved_is_enabled(const std::string& root) {
  constexpr std::array<const char*, 3> links{"sysinit.target.wants/systemd-resolved.service",
                                             "multi-user.target.wants/systemd-resolved.service",
                                             "dbus-org.freedesktop.resolve1.service"};
  for (const auto* link : links)
    if (is_there(root + "/etc/systemd/system/" + link)) return true;
  return false;
}

bool resolved_runs(const std::string& root) {
  return is_there(root + "/run/systemd/resolve/io.systemd.Resolve") ||
         is_there(root + "/run/systemd/resolve/stub-resolv.conf");
}

}  // namespace

bool names_resolve_module(std::string_view nsswitch) {
  return std::ranges::any_of(split(nsswitch, '\n'), [](auto line) { return hosts_line_names(line, "resolve"); });
}

bool resolved_is_in_use(const std::string& root) {
  if (resolved_runs(root)) return true;
  if (!resolved_is_enabled(root)) return false;
  return names_resolve_module(file_text(root + "/etc/nsswitch.conf"));
}

}  // namespace tacet
