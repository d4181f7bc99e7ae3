#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "cli/migrate/foreign_program.hpp"
#include "cli/migrate/foreign_tree.hpp"
#include "config/scalar.hpp"

namespace tacet {
namespace {

constexpr auto program_names = std::to_array<std::string_view>({"dnsproxy", "adguard-dnsproxy"});

constexpr std::string_view no_server = "tacet does not serve clients encrypted from these settings";
constexpr auto unmapped = std::to_array<UnmappedSetting>({
    {"config-path", "is another file: migrate it by its name"},
    {"output", in_journal},
    {"tls-crt tls-key https-server-name https-userinfo https-port tls-port quic-port dnscrypt-port "
     "dnscrypt-config dns-over-https-enabled",
     no_server},
    {"edns edns-addr", no_subnet},
    {"upstream-mode", first_works},
    {"all-servers", "tacet asks one server at a time, so that fewer learn the names"},
    {"fastest-addr", "tacet gives programs all addresses that the server gave"},
    {"private-rdns-upstream use-private-rdns private-subnets",
     "write the reverse zones under `forward`, such as {168.192.in-addr.arpa: [192.168.1.1]}"},
    {"dns64 dns64-prefix", "tacet makes up no addresses"},
    {"bogus-nxdomain", "tacet rewrites no answers"},
    {"hosts-files", "tacet reads one file (`hosts.file`)"},
    {"hosts-file-enabled cache ratelimit verbose version help", ""},
    {"timeout udp-buf-size http3", by_itself},
    {"cache-size", "AdGuard's answers and ours need different memory; see `cache.size`"},
    {"cache-optimistic", serves_stale},
    {"ratelimit-subnet-len-ipv4 ratelimit-subnet-len-ipv6", "see `limits.rate`"},
    {"max-go-routines", "see `limits.pending`"},
    {"tls-min-version tls-max-version", own_tls},
    {"pprof", "tacet has no such debugger"},
    {"insecure", "tacet always checks the server's certificate"},
    {"ipv6-disabled", "tacet answers for IPv6 as for IPv4"},
    {"refuse-any", "tacet answers ANY as RFC 8482 has it"},
    {"pending-requests-enabled pending-requests", "not needed: equal questions share one exchange"},
});

/// A flag's letter and its name; those of both notations that differ from the file's.
struct DnsproxyFlag {
  std::string_view flag, name;
};
constexpr auto flags = std::to_array<DnsproxyFlag>({{"o", "output"},
                                                    {"c", "tls-crt"},
                                                    {"k", "tls-key"},
                                                    {"g", "dnscrypt-config"},
                                                    {"l", "listen"},
                                                    {"p", "port"},
                                                    {"s", "https-port"},
                                                    {"t", "tls-port"},
                                                    {"q", "quic-port"},
                                                    {"y", "dnscrypt-port"},
                                                    {"u", "upstream"},
                                                    {"b", "bootstrap"},
                                                    {"f", "fallback"},
                                                    {"r", "ratelimit"},
                                                    {"v", "verbose"},
                                                    {"h", "help"},
                                                    {"listen-addrs", "listen"},
                                                    {"listen-ports", "port"},
                                                    {"upstreams", "upstream"},
                                                    {"https-listen-ports", "https-port"}});
constexpr auto without_value = std::to_array<std::string_view>(
    {"hosts-file-enabled", "pprof", "version", "verbose", "insecure", "ipv6-disabled", "http3", "cache-optimistic",
     "cache", "refuse-any", "edns", "dns64", "use-private-rdns", "help", "all-servers", "fastest-addr",
     "pending-requests-enabled"});

std::string plain_name(std::string_view name) {
  const auto found = std::ranges::find(flags, name, &DnsproxyFlag::flag);
  return std::string(found == flags.end() ? name : found->name);
}

bool is_off(const ForeignSetting& setting) { return setting.value == "false"; }

void read_listen(const ForeignSettings& all, Migration& to) {
  auto addresses = named(all, "listen");
  auto ports = named(all, "port");
  if (addresses.empty()) addresses = {{0, "listen", "0.0.0.0"}};
  if (ports.empty()) ports = {{0, "port", "53"}};
  for (const auto& address : addresses)
    for (const auto& port : ports) to.listen(address, address.value, port.value);
}

/// "[/corp.example/lan/]192.168.1.1": zones, then their server.
void read_zone_server(const ForeignSetting& setting, Migration& to) {
  const std::string_view text = setting.value;
  const auto end = text.find("/]");
  if (end == std::string_view::npos) return to.note(setting, "left out: no /] behind the zones");
  const auto server = text.substr(end + 2);
  auto zones = text.substr(2, end - 2);
  while (!zones.empty()) {
    const auto slash = std::min(zones.find('/'), zones.size());
    const auto zone = zones.substr(0, slash);
    zones.remove_prefix(std::min(slash + 1, zones.size()));
    if (server == "#")
      to.note(setting, "left out: all names that no zone covers go to `upstreams` already");
    else if (server.find("://") != std::string_view::npos)
      to.note(setting, fmt::format("left out: write it under `forward`, such as {{{}: [\"{}\"]}}", zone, server));
    else
      to.zone_server(setting, zone, server);
  }
}

void read_upstream(const ForeignSetting& setting, Migration& to) {
  const std::string_view text = setting.value;
  if (text.starts_with("[/")) return read_zone_server(setting, to);
  if (text.starts_with('#') || text.empty()) return;
  if (text.starts_with('/') || text.starts_with("./"))
    return to.note(setting, fmt::format("{} left out: it is a file with a list; write its servers under `upstreams`",
                                        quotation(text)));
  if (text.starts_with("h3://")) {
    to.note(setting, fmt::format("{}: by HTTP/2", quotation(text)));
    return to.upstream(setting, fmt::format("https://{}", text.substr(5)));
  }
  to.upstream(setting, text);
}

/// A plain server; tacet has no encrypted bootstrap.
void read_bootstrap(const ForeignSetting& setting, Migration& to) {
  std::string_view text = setting.value;
  for (const std::string_view scheme : {"udp://", "tcp://"})
    if (text.starts_with(scheme)) text.remove_prefix(scheme.size());
  to.bootstrap(setting, text);
}

void read_setting(const ForeignSetting& setting, Migration& to) {
  if (setting.name == "upstream" || setting.name == "fallback")
    read_upstream(setting, to);
  else if (setting.name == "bootstrap")
    read_bootstrap(setting, to);
  else if (setting.name == "cache-min-ttl")
    to.seconds(setting, to.config().cache.min_ttl);
  else if (setting.name == "cache-max-ttl") {
    if (setting.value != "0") to.seconds(setting, to.config().cache.max_ttl);
  } else if (setting.name == "ratelimit")
    to.config().limits.rate =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(parse_number(setting.value).value_or(0), 1000000));
  else if (setting.name == "hosts-file-enabled" && is_off(setting))
    to.config().hosts.file.clear();
  else if (setting.name == "verbose" && !is_off(setting))
    to.config().log.level = LogLevel::debug;
  else if (setting.name == "cache" && is_off(setting))
    to.config().cache.size = 0;
  else if (setting.name != "listen" && setting.name != "port" && !is_off(setting))
    to.leave_out(setting, unmapped);
}

Result<void> carry_over(const ForeignSettings& all, Migration& to) {
  if (named(all, "upstream").empty())
    return fail(Fault::invalid_config, "no upstream in it: it can be AdGuard's config.yaml, or the program's flags");
  read_listen(all, to);
  for (const auto& setting : all) read_setting(setting, to);
  return {};
}

}  // namespace

Result<void> read_dnsproxy_flags(const std::vector<std::string>& words, Migration& to) {
  ForeignSettings all;
  for (std::size_t i = 0; i < words.size(); ++i) {
    std::string_view word = words[i];
    if (!word.starts_with('-'))
      return fail(Fault::invalid_config, fmt::format("{} is no flag of dnsproxy's", quotation(word)));
    word.remove_prefix(word.find_first_not_of('-') == std::string_view::npos ? word.size()
                                                                             : word.find_first_not_of('-'));
    const auto equals = word.find('=');
    ForeignSetting setting{0, plain_name(word.substr(0, equals)), {}};
    if (equals != std::string_view::npos)
      setting.value = word.substr(equals + 1);
    else if (std::ranges::find(without_value, setting.name) == without_value.end()) {
      if (i + 1 == words.size()) return fail(Fault::invalid_config, fmt::format("{} lacks its value", words[i]));
      setting.value = words[++i];
    }
    all.push_back(std::move(setting));
  }
  return carry_over(all, to);
}

Result<void> read_dnsproxy(const std::string&, std::string_view text, Migration& to) {
  if (describes_a_service(text)) {
    const auto words = command_in(text, program_names);
    return words ? read_dnsproxy_flags(*words, to) : fail(words.error());
  }
  const auto document = parse_document(text);
  if (!document || document->kind != NodeKind::mapping)
    return fail(Fault::invalid_config,
                "is no YAML mapping: AdGuard's dnsproxy has a config.yaml (the dnsproxy that "
                "Debian packages is another program, which speaks plain DNS only)");
  ForeignSettings all;
  for (const auto& member : members_of(*document)) {
    for (auto item : member.items()) {
      item.name = plain_name(item.name);
      all.push_back(std::move(item));
    }
    if (member.node.kind == NodeKind::mapping) all.push_back({member.setting.line, member.setting.name, {}});
  }
  return carry_over(all, to);
}

}  // namespace tacet
