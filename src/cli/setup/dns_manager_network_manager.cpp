#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

#include "cli/setup/dns_manager_plans.hpp"

namespace tacet {
namespace {

constexpr std::string_view settings_path = "/etc/NetworkManager/conf.d/tacet.conf";
constexpr std::string_view script_path = "/etc/NetworkManager/dispatcher.d/90-tacet";

/// A script that makes the text of settings() again from the present connections.
constexpr std::string_view script = R"(#!/bin/sh
# Written by `tacet install`; `tacet uninstall` removes it. A global server hides the search domains and options of the
# connections: whenever one of them comes, goes or changes, this writes them beside it.
case $2 in
  up | down | reapply | vpn-up | vpn-down | dhcp4-change | dhcp6-change) ;;
  *) exit 0 ;;
esac
settings=/etc/NetworkManager/conf.d/tacet.conf
[ -f $settings ] || exit 0

once_each() { awk 'NF && !seen[$0]++' | paste -s -d , -; }
searches=$(nmcli -t -f IP4,IP6 device show | sed -n 's/^IP[46]\.\(DOMAIN\|SEARCHES\)\[[0-9]*\]:\([^~]\)/\2/p' | once_each)
options=$(nmcli -t -f UUID connection show --active | while read -r connection; do
  nmcli -g ipv4.dns-options,ipv6.dns-options connection show "$connection"
done | sed 's/\\:/:/g' | tr ', ' '\n\n' | once_each)
trap 'rm -f $settings.new' EXIT
{
  sed '/^\[global-dns\]$/,$d' $settings || exit 0
  [ -z "$searches$options" ] || echo '[global-dns]'
  [ -z "$searches" ] || echo "searches=$searches"
  [ -z "$options" ] || echo "options=$options"
} >$settings.new
cmp -s $settings.new $settings && exit 0
mv $settings.new $settings
# Uninstalling takes this script away first: what came after that must not stay.
[ -f "$0" ] || rm -f $settings
nmcli general reload
resolved=/etc/systemd/resolved.conf.d/tacet.conf
[ -f $resolved ] || exit 0
domains=$(echo "~. $searches" | sed 's/,/ /g; s/ *$//')
sed -i "s/^Domains=.*/Domains=$domains/" $resolved
systemctl try-restart systemd-resolved.service
)";

/// A global server replaces all DNS settings of the connections, also their search domains and options.
std::string settings(const std::string& root, const std::string& server) {
  const auto settings = resolv_conf_settings(resolv_conf_text(root));
  auto text = fmt::format(
      "# Written by `tacet install`; `tacet uninstall` removes it.\n[global-dns-domain-*]\nservers={}\n", server);
  if (settings.searches.empty() && settings.options.empty()) return text;
  text += "[global-dns]\n";
  if (!settings.searches.empty()) text += fmt::format("searches={}\n", fmt::join(settings.searches, ","));
  if (!settings.options.empty()) text += fmt::format("options={}\n", fmt::join(settings.options, ","));
  return text;
}

}  // namespace

InstallPlan plan_network_manager(const std::string& root, const std::string& server) {
  InstallPlan plan;
  plan.files.push_back({std::string(settings_path), file_with(settings(root, server))});
  auto program = file_with(std::string(script));
  program.mode = 0755;
  plan.files.push_back({std::string(script_path), std::move(program)});
  plan.apply = plan.revert = {{.words = {"systemctl", "reload", "NetworkManager.service"}}};
  return plan;
}

}  // namespace tacet
