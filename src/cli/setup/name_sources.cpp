#include "cli/setup/name_sources.hpp"

#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

namespace tacet {
namespace {

bool is_there(const std::string& path) {
  std::error_code error;
  return std::filesystem::exists(std::filesystem::symlink_status(path, error));
}

/// Cuts off and returns the first word; empty at the end.
std::string_view take_word(std::string_view& text) {
  constexpr std::string_view blanks = " \t\r";
  const auto start = text.find_first_not_of(blanks);
  if (start == std::string_view::npos) return text = {};
  text.remove_prefix(start);
  const auto word = text.substr(0, text.find_first_of(blanks));
  text.remove_prefix(word.size());
  return word;
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
  while (!nsswitch.empty()) {
    const auto end = nsswitch.find('\n');
    if (hosts_line_names(nsswitch.substr(0, end), "resolve")) return true;
    nsswitch.remove_prefix(end == std::string_view::npos ? nsswitch.size() : end + 1);
  }
  return false;
}

bool resolved_is_in_use(const std::string& root) {
  if (resolved_runs(root)) return true;
  if (!resolved_is_enabled(root)) return false;
  std::ifstream file(root + "/etc/nsswitch.conf");
  const std::string nsswitch(std::istreambuf_iterator<char>(file), {});
  return names_resolve_module(nsswitch);
}

}  // namespace tacet
