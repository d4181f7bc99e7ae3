#include "cli/setup/link_advice.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <string_view>

#include "cli/setup/command.hpp"

namespace tacet {
namespace {

/// NetworkManager's name for what a link is connected by; empty if another program has the link.
std::string connection_of(const std::string& link) {
  auto name = output_of({.words = {"nmcli", "-e", "no", "-g", "GENERAL.CONNECTION", "device", "show", link}});
  if (!name || name->empty()) return {};
  return name->substr(0, name->find('\n'));
}

std::string in_network_manager(const std::string& connection) {
  return fmt::format(
      "sudo nmcli connection modify \"{0}\" -ipv4.dns-search '~.' -ipv6.dns-search '~.' && sudo nmcli connection up "
      "\"{0}\" (for a VPN that claims every name by itself: ipv4.ignore-auto-dns yes ipv6.ignore-auto-dns yes)",
      connection);
}

/// Keeps the domains that are the link's own.
std::string in_resolved(const ResolvedScope& scope) {
  std::vector<std::string> own;
  std::ranges::remove_copy(scope.domains, std::back_inserter(own), every_name);
  return fmt::format(
      "sudo resolvectl domain {} {} (for good: no ~. in what sets the link up, such as Domains= in its .network file)",
      scope.link, own.empty() ? "''" : fmt::format("{}", fmt::join(own, " ")));
}

std::string advice_on_link(const ResolvedScope& scope) {
  const auto connection = connection_of(scope.link);
  return connection.empty() ? in_resolved(scope) : in_network_manager(connection);
}

}  // namespace

std::string advice_on_links(const std::vector<ResolvedScope>& scopes, const std::string& server) {
  std::vector<std::string> steps;
  for (const auto& scope : links_with_every_name(scopes, server)) steps.push_back(advice_on_link(scope));
  return fmt::format("{}", fmt::join(steps, "; "));
}

}  // namespace tacet
