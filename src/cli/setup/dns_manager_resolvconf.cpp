#include <fmt/format.h>

#include "cli/setup/dns_manager_plans.hpp"

namespace tacet {
namespace {

/// In Debian's interface-order(5) a record of the loopback interface comes first, and resolvconf names no server after
/// one at a loopback address.
constexpr std::string_view record = "lo.tacet";

/// A drop-in for tacet.service or tacet.socket that adds the record once the unit has started.
FileChange record_after_boot(std::string_view kind, const std::string& server) {
  return {fmt::format("/etc/systemd/system/tacet.{}.d/resolvconf.conf", kind),
          file_with(
              fmt::format("# Written by `tacet install`; `tacet uninstall` removes it. Records do not survive a boot.\n"
                          "[Unit]\n"
                          "After=resolvconf.service\n"
                          "[{}]\n"
                          "ExecStartPost={}/bin/sh -c 'echo nameserver {} | /sbin/resolvconf -a {}'\n",
                          kind == "socket" ? "Socket" : "Service", kind == "socket" ? "" : "+", server, record))};
}

}  // namespace

InstallPlan plan_resolvconf(const std::string& server) {
  InstallPlan plan;
  // Add it to the socket as well: if only the socket starts at boot, no query would ever reach it and start the
  // service.
  plan.files.push_back(record_after_boot("service", server));
  plan.files.push_back(record_after_boot("socket", server));
  plan.apply = {{.words = {"systemctl", "daemon-reload"}},
                {.words = {"resolvconf", "-a", std::string(record)}, .input = fmt::format("nameserver {}\n", server)}};
  plan.revert = {{.words = {"systemctl", "daemon-reload"}}, {.words = {"resolvconf", "-d", std::string(record)}}};
  return plan;
}

Result<InstallPlan> plan_openresolv(const std::string& root, const std::string& server) {
  constexpr auto path = "/etc/resolvconf.conf";
  // The file is a shell script: the last assignment wins. After a server at a loopback address openresolv names no
  // other.
  auto settings =
      image_with_last_line(root + path, fmt::format("name_servers={} # written by `tacet install`\n", server));
  if (!settings) return fail(settings.error());
  InstallPlan plan;
  plan.files.push_back({path, *std::move(settings)});
  plan.apply = plan.revert = {{.words = {"resolvconf", "-u"}}};
  return plan;
}

}  // namespace tacet
