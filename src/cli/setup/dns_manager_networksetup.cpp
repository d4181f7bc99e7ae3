#include <fmt/format.h>

#include "cli/setup/dns_manager_plans.hpp"

namespace tacet {
namespace {

/// Runs `networksetup -ACTION SERVICE ARGUMENTS` for every network service; the first line of the list is no service.
Command for_every_service(std::string_view action, std::string_view arguments) {
  return {
      .words = {fmt::format("networksetup -listallnetworkservices | tail -n +2 | tr -d '*' | while read -r service; "
                            "do networksetup -{} \"$service\"{}; done",
                            action, arguments)}};
}

}  // namespace

InstallPlan plan_networksetup(const std::string& server) {
  InstallPlan plan;
  plan.apply = {for_every_service("getdnsservers", ""), for_every_service("setdnsservers", " " + server)};
  plan.revert = {for_every_service("setdnsservers", " empty")};
  return plan;
}

}  // namespace tacet
