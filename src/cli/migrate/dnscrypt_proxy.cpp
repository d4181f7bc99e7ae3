#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>

#include "base/text_parts.hpp"
#include "cli/migrate/foreign_program.hpp"
#include "cli/migrate/foreign_tree.hpp"
#include "cli/migrate/known_servers.hpp"
#include "cli/migrate/toml.hpp"
#include "config/scalar.hpp"

namespace tacet {
namespace {

constexpr std::string_view lists = "tacet has no lists of servers: name them under `upstreams`";
constexpr std::string_view no_blocking = "tacet blocks no names";
constexpr std::string_view on_disk =
    "tacet writes no names to a disk unless you ask for it; see `query_log`, which has one line of JSON a query";
constexpr auto unmapped = std::to_array<UnmappedSetting>({
    {"listen_addresses server_names static bootstrap_resolvers fallback_resolvers fallback_resolver cache "
     "cache_min_ttl cache_max_ttl cache_neg_ttl cache_neg_max_ttl log_level sources",
     ""},
    {"cache_neg_min_ttl", "tacet keeps what the zone says of a missing name"},
    {"cache_size", "counts answers; `cache.size` counts octets, and 32MiB are about 200,000 answers"},
    {"max_clients", "see `limits`"},
    {"user_name", "see `user`"},
    {"disabled_server_names require_dnssec require_nolog require_nofilter", lists},
    {"ipv4_servers ipv6_servers http3 http3_probe timeout keepalive lb_estimator cert_refresh_delay "
     "cert_refresh_concurrency tls_disable_session_tickets tls_cipher_suite offline_mode",
     by_itself},
    {"dnscrypt_servers dnscrypt_ephemeral_keys", "tacet does not speak DNSCrypt"},
    {"doh_servers", "not needed: the servers are under `upstreams`"},
    {"odoh_servers", "tacet does not speak ODoH"},
    {"force_tcp", "not needed: DoH and DoT use TCP"},
    {"lb_strategy", first_works},
    {"ignore_system_dns", "not needed: tacet never asks the system's servers"},
    {"netprobe_timeout", "not needed: tacet listens at once and asks when there is a network"},
    {"netprobe_address", "not needed: tacet sends no probe in plaintext"},
    {"proxy http_proxy", "tacet takes no proxy from this file"},
    {"log_file log_file_latest use_syslog", in_journal},
    {"log_files_max_size log_files_max_age log_files_max_backups", "the journal keeps the log"},
    {"block_ipv6", "tacet answers for IPv6 as for IPv4"},
    {"block_unqualified", "not needed: a name of one label stays here"},
    {"block_undelegated", "not needed: names of the local network stay here"},
    {"reject_ttl", no_blocking},
    {"forwarding_rules", "write its lines under `forward`, such as {lan: [192.168.1.1]}"},
    {"cloaking_rules", "write its addresses into the hosts file"},
});

/// Tables whose members stand for one thing.
constexpr auto unmapped_tables = std::to_array<UnmappedSetting>({
    {"query_log nx_log", on_disk},
    {"blocked_names blocked_ips blacklist ip_blacklist allowed_names allowed_ips schedules", no_blocking},
    {"anonymized_dns", "tacet does not speak DNSCrypt or ODoH, so it needs no relay"},
    {"broken_implementations", "tacet does not speak DNSCrypt"},
    {"doh_client_x509_auth", "tacet has no certificate of its own"},
    {"local_doh", "tacet does not serve DoH from this file"},
    {"captive_portals", "tacet needs no such list"},
    {"dns64", "tacet makes up no addresses"},
});

using Stamps = std::map<std::string, std::vector<std::string>, std::less<>>;

/// The stamps of a list as dnscrypt-proxy keeps it: "## NAME", words, and one stamp a line.
void read_list(std::string_view text, const std::string& prefix, Stamps& stamps) {
  std::string name;
  for (const auto part : split(text, '\n')) {
    const auto line = part.substr(0, part.find_last_not_of(blanks) + 1);
    if (line.starts_with("## ")) name = prefix + std::string(line.substr(3));
    if (line.starts_with("sdns://") && !name.empty()) stamps[name].emplace_back(line);
  }
}

/// The servers that the file itself and the lists beside it describe.
Stamps stamps_of(const std::string& path, const Node& document) {
  Stamps stamps;
  if (const Node* sources = document.find("sources"))
    for (const auto& source : members_of(*sources)) {
      const std::filesystem::path list = text_under(source.node, "cache_file");
      if (list.empty()) continue;
      const auto text = foreign_text((std::filesystem::path(path).parent_path() / list).string());
      if (text) read_list(*text, text_under(source.node, "prefix"), stamps);
    }
  if (const Node* fixed = document.find("static"))
    for (const auto& server : members_of(*fixed)) stamps[server.setting.name] = {text_under(server.node, "stamp")};
  return stamps;
}

void read_server_name(const ForeignSetting& setting, const Stamps& stamps, Migration& to) {
  const auto found = stamps.find(setting.value);
  if (found != stamps.end()) {
    for (const auto& stamp : found->second) to.upstream({setting.line, setting.name + " " + setting.value, {}}, stamp);
    return;
  }
  if (const auto url = url_of_listed(setting.value)) return to.upstream(setting, *url);
  to.note(setting, fmt::format("{} left out: tacet does not know this server (its list is of {}), and the list that "
                               "dnscrypt-proxy keeps (cache_file) is not readable here or has no such name; write the "
                               "server's URL under `upstreams`",
                               quotation(setting.value), known_servers_date));
}

void read_servers(const Node& document, const Stamps& stamps, Migration& to) {
  const Node* names = document.find("server_names");
  if (names && !names->children.empty()) {
    const ForeignMember member{{names->at.line, "server_names", {}}, *names};
    for (const auto& item : member.items()) read_server_name(item, stamps, to);
    return;
  }
  if (const Node* fixed = document.find("static"))
    for (const auto& server : members_of(*fixed))
      read_server_name({server.setting.line, "static", server.setting.name}, stamps, to);
  if (to.config().upstreams.empty())
    to.keep_default_upstreams("the file has no server_names, so dnscrypt-proxy chooses from its public lists");
}

/// "127.0.0.1:53", "[::1]:53".
void read_listen(const ForeignSetting& setting, Migration& to) {
  std::string_view text = setting.value;
  const auto colon = std::min(text.rfind(':'), text.size());
  auto address = text.substr(0, colon);
  if (address.starts_with('[') && address.ends_with(']')) address = address.substr(1, address.size() - 2);
  to.listen(setting, address, text.substr(std::min(colon + 1, text.size())));
}

/// dnscrypt-proxy counts from 0, which is the most.
LogLevel log_level(const std::string& number) {
  const auto level = parse_number(number).value_or(2);
  return level == 0 ? LogLevel::debug : level <= 2 ? LogLevel::info : level == 3 ? LogLevel::warn : LogLevel::error;
}

void read_member(const ForeignMember& member, Migration& to) {
  const auto& name = member.setting.name;
  if (name == "listen_addresses") {
    for (const auto& item : member.items()) read_listen(item, to);
    if (member.node.children.empty()) {
      to.listen(member.setting, "127.0.2.1", "53");
      to.note(member.setting,
              "it is empty: the addresses are in dnscrypt-proxy.socket, and this is Debian's; compare "
              "`systemctl cat dnscrypt-proxy.socket`");
    }
  } else if (name == "bootstrap_resolvers" || name == "fallback_resolvers" || name == "fallback_resolver") {
    for (const auto& item : member.items()) to.bootstrap(item, item.value);
  } else if (name == "cache" && !member.is_true()) {
    to.config().cache.size = 0;
  } else if (name == "cache_min_ttl") {
    to.seconds(member.setting, to.config().cache.min_ttl);
  } else if (name == "cache_max_ttl") {
    to.seconds(member.setting, to.config().cache.max_ttl);
  } else if (name == "cache_neg_ttl" || name == "cache_neg_max_ttl") {
    to.seconds(member.setting, to.config().cache.max_negative_ttl);
  } else if (name == "log_level") {
    to.config().log.level = log_level(member.setting.value);
  } else if (member.node.kind == NodeKind::mapping && name != "static" && name != "sources") {
    if (!member.node.children.empty()) to.leave_out(member.setting, unmapped_tables);
  } else {
    to.leave_out(member.setting, unmapped);
  }
}

}  // namespace

Result<void> read_dnscrypt_proxy(const std::string& path, std::string_view text, Migration& to) {
  const auto document = parse_toml(text);
  if (!document)
    return fail(Fault::invalid_config, fmt::format("line {}: {}", document.error().at.line, document.error().text));
  if (!document->find("listen_addresses") && !document->find("server_names") && !document->find("sources"))
    return fail(Fault::invalid_config,
                "neither listen_addresses, server_names nor sources in it: it is no "
                "dnscrypt-proxy.toml");
  for (const auto& member : members_of(*document)) read_member(member, to);
  read_servers(*document, stamps_of(path, *document), to);
  return {};
}

}  // namespace tacet
