#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/dns_manager_plans.hpp"

namespace tacet {
namespace {

constexpr std::string_view settings_path = "/etc/NetworkManager/conf.d/tacet.conf";

/// A global server takes the place of all that connections say of DNS, their search domains and options included.
std::string settings(const std::string& root, const std::string& server) {
  const auto manners = resolver_manners(resolv_conf_text(root));
  auto text = fmt::format(
      "# Written by `tacet install`; `tacet uninstall` removes it.\n[global-dns-domain-*]\nservers={}\n", server);
  if (manners.searches.empty() && manners.options.empty()) return text;
  text += "[global-dns]\n";
  if (!manners.searches.empty()) text += fmt::format("searches={}\n", fmt::join(manners.searches, ","));
  if (!manners.options.empty()) text += fmt::format("options={}\n", fmt::join(manners.options, ","));
  return text;
}

}  // namespace

InstallPlan plan_network_manager(const std::string& root, const std::string& server) {
  InstallPlan plan;
  plan.files.push_back({std::string(settings_path), file_with(settings(root, server))});
  plan.apply = plan.revert = {{.words = {"systemctl", "reload", "NetworkManager.service"}}};
  return plan;
}

}  // namespace tacet
