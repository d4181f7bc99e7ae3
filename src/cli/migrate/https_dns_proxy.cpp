#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text_parts.hpp"
#include "cli/migrate/foreign_program.hpp"
#include "cli/migrate/shell_words.hpp"
#include "config/scalar.hpp"

namespace tacet {
namespace {

constexpr auto program_names = std::to_array<std::string_view>({"https_dns_proxy", "https-dns-proxy"});

constexpr std::string_view of_router =
    "belongs to the router's dnsmasq and firewall: tacet changes neither; see `tacet install`";

/// An option of the command line: its letter, the name in a file of OpenWrt's, and whether it has a value.
struct ProxyOption {
  char letter;
  std::string_view name;
  bool has_value;
};
constexpr auto options = std::to_array<ProxyOption>({{'a', "listen_addr", true},
                                                     {'p', "listen_port", true},
                                                     {'r', "resolver_url", true},
                                                     {'b', "bootstrap_dns", true},
                                                     {'u', "user", true},
                                                     {'g', "group", true},
                                                     {'i', "polling_interval", true},
                                                     {'t', "proxy_server", true},
                                                     {'l', "logfile", true},
                                                     {'c', "dscp_codepoint", true},
                                                     {'s', "statistic_interval", true},
                                                     {'C', "ca_certs_file", true},
                                                     {'e', "subnet_addr", true},
                                                     {'F', "log_limit", true},
                                                     {'S', "source_addr", true},
                                                     {'m', "conn_loss_time", true},
                                                     {'T', "tcp_client_limit", true},
                                                     {'4', "use_ipv4_only", false},
                                                     {'6', "use_ipv6_only", false},
                                                     {'d', "daemonize", false},
                                                     {'q', "use_http3", false},
                                                     {'x', "use_http1", false},
                                                     {'v', "verbosity", false}});

constexpr auto unmapped = std::to_array<UnmappedSetting>({
    {"listen_addr listen_port resolver_url bootstrap_dns ca_certs_file", ""},
    {"user group daemonize", own_user},
    {"polling_interval conn_loss_time use_http3 force_http3", by_itself},
    {"use_ipv4_only use_ipv6_only use_ipv6_resolvers_only force_ip_family",
     "tacet asks over both families, and finds out which works"},
    {"use_http1 force_http1", "tacet needs HTTP/2, so that one connection carries all queries"},
    {"proxy_server", "tacet takes no proxy from these settings"},
    {"dscp_codepoint", "tacet marks no packets"},
    {"subnet_addr", no_subnet},
    {"source_addr", "the system chooses the source address"},
    {"logfile", in_journal},
    {"log_limit", "see `log.lines`"},
    {"verbosity", "see `log.level`"},
    {"statistic_interval", "`tacet status` tells more at any time"},
    {"tcp_client_limit", "see `limits.tcp_clients`"},
    {"dnsmasq_config_update force_dns force_dns_port force_dns_src_interface canary_domains_icloud "
     "canary_domains_mozilla procd_trigger_wan6 notrack_dns procd_fw_src_interfaces",
     of_router},
});

/// Carries over one process of the proxy: one address, one resolver. `listens` is false for all but the first: tacet
/// asks all resolvers behind one address.
void carry_over(const ForeignSettings& all, Migration& to, bool listens) {
  const auto address = last_named(all, "listen_addr", "127.0.0.1");
  if (listens)
    to.listen(address, address.value, last_named(all, "listen_port", "5053").value);
  else
    to.note(last_named(all, "resolver_url", ""),
            "its own port is left out: tacet asks all resolvers behind the first address, the "
            "first of the list as long as it works");
  const auto url = last_named(all, "resolver_url", "https://dns.google/dns-query");
  to.upstream(url, url.value);
  // The program's own list is of plain servers; we take only those that somebody wrote down.
  if (const auto servers = last_named(all, "bootstrap_dns", ""); !servers.value.empty())
    for (const auto server : split(servers.value, ',')) to.bootstrap(servers, server);
  if (const auto bundle = last_named(all, "ca_certs_file", ""); !bundle.value.empty() && !to.config().upstreams.empty())
    to.config().upstreams.back().ca_file = bundle.value;
  for (const auto& setting : all) to.leave_out(setting, unmapped);
}

const ProxyOption* option_of(std::string_view word) {
  if (word.size() < 2 || word.front() != '-') return nullptr;
  const auto found = std::ranges::find(options, word[1], &ProxyOption::letter);
  return found == options.end() ? nullptr : &*found;
}

Result<ForeignSettings> settings_in(const std::vector<std::string>& words) {
  ForeignSettings out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto* option = option_of(words[i]);
    if (!option)
      return fail(Fault::invalid_config, fmt::format("{} is no flag of https_dns_proxy's", quotation(words[i])));
    ForeignSetting setting{0, std::string(option->name), {}};
    if (option->has_value) {
      if (words[i].size() > 2)
        setting.value = words[i].substr(2);
      else if (i + 1 < words.size())
        setting.value = words[++i];
      else
        return fail(Fault::invalid_config, fmt::format("-{} lacks its value", option->letter));
    }
    out.push_back(std::move(setting));
  }
  return out;
}

/// The sections of OpenWrt's file: "config TYPE NAME", then "option NAME VALUE" and "list NAME VALUE".
struct UciSection {
  std::string type;
  ForeignSettings settings;
};

std::vector<UciSection> sections_in(std::string_view text) {
  std::vector<UciSection> sections;
  int line = 0;
  for (const auto part : split(text, '\n')) {
    ++line;
    const auto words = split_words(part);
    if (words.size() < 2 || words.front().starts_with('#')) continue;
    if (words[0] == "config")
      sections.push_back({words[1], {}});
    else if (words.size() > 2 && !sections.empty() && (words[0] == "option" || words[0] == "list"))
      sections.back().settings.push_back({line, words[1], words[2]});
  }
  return sections;
}

}  // namespace

Result<void> read_https_dns_proxy_flags(const std::vector<std::string>& words, Migration& to) {
  const auto settings = settings_in(words);
  if (!settings) return fail(settings.error());
  carry_over(*settings, to, /*listens=*/true);
  return {};
}

Result<void> read_https_dns_proxy(const std::string&, std::string_view text, Migration& to) {
  if (describes_a_service(text)) {
    const auto words = command_in(text, program_names);
    return words ? read_https_dns_proxy_flags(*words, to) : fail(words.error());
  }
  ForeignSettings common;
  bool first = true;
  for (auto& section : sections_in(text)) {
    if (section.type == "main") {
      common = std::move(section.settings);
      for (const auto& setting : common) to.leave_out(setting, unmapped);
    } else if (section.type == "https-dns-proxy") {
      // Settings for all instances come first, so the last one of a name is that of the instance.
      std::erase_if(common, [](const auto& setting) { return setting.name != "listen_addr"; });
      section.settings.insert(section.settings.begin(), common.begin(), common.end());
      carry_over(section.settings, to, /*listens=*/std::exchange(first, false));
    }
  }
  if (first)
    return fail(Fault::invalid_config, "no section `config https-dns-proxy` in it, and no command of https_dns_proxy");
  return {};
}

}  // namespace tacet
