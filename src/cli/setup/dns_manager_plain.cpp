#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>

#include "base/text_parts.hpp"
#include "cli/setup/dns_manager_plans.hpp"

namespace tacet {
namespace {

constexpr std::string_view heading = "# Written by `tacet install`; `tacet uninstall` brings back what was here.\n";

/// The lines that name no server. It drops the comments, because they would no longer be true.
std::string lines_to_keep(std::string_view text) {
  constexpr std::array<std::string_view, 4> words{"search", "domain", "options", "sortlist"};
  std::string kept;
  for (const auto line : split(text, '\n'))
    if (std::ranges::any_of(words, [&](auto word) { return line.starts_with(word); })) kept.append(line).append("\n");
  return kept;
}

bool is_directory(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

/// Keeps dhclient from writing /etc/resolv.conf, if it is there.
void keep_dhclient_out(const std::string& root, InstallPlan& plan) {
  constexpr std::string_view hooks = "/etc/dhcp/dhclient-enter-hooks.d";
  if (!is_directory(root + std::string(hooks))) return;
  plan.files.push_back(
      {std::string(hooks) + "/tacet",
       file_with("# Written by `tacet install`; `tacet uninstall` removes it. Keeps /etc/resolv.conf.\n"
                 "make_resolv_conf() { :; }\n")});
}

/// The same for dhcpcd, if it is there. It reads this hook before all others, which it then leaves out by their names.
Result<void> keep_dhcpcd_out(const std::string& root, InstallPlan& plan) {
  constexpr auto path = "/etc/dhcpcd.enter-hook";
  const auto settings = read_image(root + "/etc/dhcpcd.conf");
  if (settings && settings->kind == FileImage::Kind::absent) return {};
  auto hook = image_with_last_line(
      root + path, "skip_hooks=\"$skip_hooks resolv.conf\" # written by `tacet install`: keeps /etc/resolv.conf\n");
  if (!hook) return fail(hook.error());
  plan.files.push_back({path, *std::move(hook)});
  return {};
}

}  // namespace

Result<InstallPlan> plan_plain(const std::string& root, const std::string& server) {
  const auto before = read_image(root + "/etc/resolv.conf");
  if (!before) return fail(before.error());
  const bool file = before->kind == FileImage::Kind::file;
  auto after = file_with(fmt::format("{}nameserver {}\n", heading, server));
  if (file) after.content += lines_to_keep(before->content);
  InstallPlan plan;
  keep_dhclient_out(root, plan);
  if (auto kept_out = keep_dhcpcd_out(root, plan); !kept_out) return fail(kept_out.error());
  plan.files.push_back({"/etc/resolv.conf", std::move(after)});
  return plan;
}

}  // namespace tacet
