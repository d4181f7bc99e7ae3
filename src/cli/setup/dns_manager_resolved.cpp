#include <fmt/format.h>

#include "cli/setup/dns_manager_plans.hpp"

namespace tacet {
namespace {

constexpr std::string_view stub = "../run/systemd/resolve/stub-resolv.conf";

/// True if programs that read this file ask resolved. Resolved's other file also lists the network's servers, and
/// programs would ask those after a failure. A foreign file bypasses resolved.
bool leads_to_resolved(const FileImage& resolv_conf) {
  if (resolv_conf.kind == FileImage::Kind::link) {
    const std::string_view target = resolv_conf.content;
    return target.find("/systemd/") != std::string_view::npos && !target.ends_with("/resolve/resolv.conf");
  }
  return nameservers(resolv_conf.content) == std::vector<std::string>{"127.0.0.53"};
}

/// Lists of servers add up over all files, so the drop-in clears the list first. Search domains stay.
FileChange drop_in(const std::string& server, const std::vector<std::string>& searches) {
  std::string domains = "~.";
  for (const auto& search : searches) domains += " " + search;
  return {"/etc/systemd/resolved.conf.d/tacet.conf",
          file_with(fmt::format("# Written by `tacet install`; `tacet uninstall` removes it.\n"
                                "# No server that another file names.\n"
                                "[Resolve]\n"
                                "DNS=\n"
                                "FallbackDNS=\n"
                                "[Resolve]\n"
                                "DNS={}\n"
                                "# Every name, unless a network has claimed its domain.\n"
                                "Domains={}\n"
                                "# tacet is on this machine; what leaves it is encrypted by tacet.\n"
                                "DNSOverTLS=no\n",
                                server, domains))};
}

}  // namespace

Result<InstallPlan> plan_resolved(const std::string& root, const std::string& server) {
  const auto resolv_conf = read_image(root + "/etc/resolv.conf");
  if (!resolv_conf) return fail(resolv_conf.error());
  InstallPlan plan;
  plan.files.push_back(drop_in(server, {}));
  if (!leads_to_resolved(*resolv_conf)) plan.files.push_back({"/etc/resolv.conf", link_to(std::string(stub))});
  plan.apply = plan.revert = {{.words = {"systemctl", "restart", "systemd-resolved.service"}}};
  return plan;
}

InstallPlan plan_resolved_beside(const std::string& root, const std::string& server) {
  InstallPlan plan;
  // With a global server resolved no longer reads search domains from /etc/resolv.conf.
  plan.files.push_back(drop_in(server, resolv_conf_settings(resolv_conf_text(root)).searches));
  // Do not start it if it does not run: it will read the drop-in at its start.
  plan.apply = plan.revert = {{.words = {"systemctl", "try-restart", "systemd-resolved.service"}}};
  return plan;
}

}  // namespace tacet
