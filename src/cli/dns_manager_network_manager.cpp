#include <fmt/format.h>

#include "cli/dns_manager_plans.hpp"

namespace tacet {

InstallPlan plan_network_manager(const std::string& server) {
  InstallPlan plan;
  plan.files.push_back({"/etc/NetworkManager/conf.d/tacet.conf",
                        file_with(fmt::format("# Written by `tacet install`; `tacet uninstall` removes it.\n"
                                              "[global-dns-domain-*]\n"
                                              "servers={}\n",
                                              server))});
  plan.apply = plan.revert = {{.words = {"systemctl", "reload", "NetworkManager.service"}}};
  return plan;
}

}  // namespace tacet
