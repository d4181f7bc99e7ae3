#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include "base/log.hpp"
#include "base/text_parts.hpp"
#include "cli/migrate/foreign_program.hpp"
#include "cli/migrate/shell_words.hpp"
#include "config/address.hpp"
#include "config/scalar.hpp"

namespace tacet {
namespace {

constexpr std::string_view no_choice =
    "tacet gives programs all addresses that the server gave, and measures none of them";
constexpr std::string_view on_disk = "tacet writes no names to a disk unless you ask for it; see `query_log`";
constexpr auto unmapped = std::to_array<UnmappedSetting>({
    {"cache-size", "counts answers; `cache.size` counts octets, and 32MiB are about 200,000 answers"},
    {"cache-persist cache-file", "tacet keeps answers in memory only"},
    {"prefetch-domain", "tacet refreshes answers that programs still ask for by itself"},
    {"serve-expired serve-expired-ttl serve-expired-reply-ttl", serves_stale},
    {"speed-check-mode response-mode dualstack-ip-selection dualstack-ip-selection-threshold "
     "dualstack-ip-allow-force-AAAA max-reply-ip-num",
     no_choice},
    {"force-AAAA-SOA", "tacet answers every type as the server does"},
    {"force-qtype-SOA", "tacet answers every type as the server does; without HTTPS records (65) there is no ECH"},
    {"bogus-nxdomain blacklist-ip whitelist-ip ignore-ip", "tacet rewrites no answers"},
    {"edns-client-subnet", no_subnet},
    {"address", "write fixed addresses into the hosts file; tacet blocks no names"},
    {"domain-rules domain-set", "tacet has rules for zones only (`forward`)"},
    {"ipset nftset ipset-timeout", "tacet changes no firewall"},
    {"rr-ttl", "tacet has limits only (`cache.min_ttl`, `cache.max_ttl`)"},
    {"rr-ttl-reply-max", "tacet has limits for all answers (`cache.max_ttl`)"},
    {"tcp-idle-time", by_itself},
    {"log-file", in_journal},
    {"log-size log-num", "the journal keeps the log"},
    {"audit-enable audit-file audit-size audit-num", on_disk},
    {"server-name", "tacet tells no client its name"},
    {"user", own_user},
    {"ca-path", "tacet takes a file (`ca_file`), or the system's authorities"},
    {"conf-file", "is another file: migrate it by its name"},
});

/// One line: a key, words, and options that begin with a dash.
struct SmartLine {
  ForeignSetting setting;
  std::vector<std::string> words;
  std::map<std::string, std::string, std::less<>> options;

  std::string option(std::string_view name) const {
    const auto found = options.find(name);
    return found == options.end() ? "" : found->second;
  }
  bool has(std::string_view name) const { return options.contains(name); }
};

std::optional<SmartLine> read_line(int number, std::string_view text) {
  auto words = split_words(text);
  if (words.empty() || words.front().starts_with('#')) return std::nullopt;
  SmartLine line{{number, words.front(), {}}, {}, {}};
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (words[i].starts_with('#')) break;
    if (!words[i].starts_with('-')) {
      line.words.push_back(words[i]);
      continue;
    }
    const bool has_value = i + 1 < words.size() && !words[i + 1].starts_with('-');
    line.options[words[i]] = has_value ? words[i + 1] : "";
    if (has_value) ++i;
  }
  if (!line.words.empty()) line.setting.value = line.words.front();
  return line;
}

/// Reads all lines; zones come last, because they name groups of servers.
class SmartFile {
public:
  explicit SmartFile(Migration& to) : to_(to) {}

  void read(const SmartLine& line);
  void finish();
  bool knows_any() const { return known_ > 0; }

private:
  void read_bind(const SmartLine& line);
  void read_server(const SmartLine& line);
  void read_encrypted(const SmartLine& line);
  std::string url_of(const SmartLine& line, std::string& address) const;

  Migration& to_;
  std::vector<SmartLine> zones_;
  std::map<std::string, std::vector<std::string>, std::less<>> plain_groups_;
  std::string ca_file_;
  bool has_servers_ = false;
  int known_ = 0;
};

void SmartFile::read_bind(const SmartLine& line) {
  std::string_view text = line.setting.value;
  text = text.substr(0, text.find('@'));  // an interface
  const auto colon = text.rfind(':');
  const bool has_port = colon != std::string_view::npos && !text.ends_with(']');
  auto address = has_port ? text.substr(0, colon) : text;
  if (address.starts_with('[') && address.ends_with(']')) address = address.substr(1, address.size() - 2);
  to_.listen(line.setting, address, has_port ? text.substr(colon + 1) : "53");
  if (address == "::") to_.listen(line.setting, "0.0.0.0", has_port ? text.substr(colon + 1) : "53");  // it serves both
  for (const auto& [name, value] : line.options)
    to_.note({line.setting.line, line.setting.name + " " + name, {}},
             "left out: tacet has one set of rules for all clients");
}

void SmartFile::read_server(const SmartLine& line) {
  has_servers_ = true;
  const bool bootstrap = line.has("-bootstrap-dns");
  if (bootstrap) to_.bootstrap(line.setting, line.setting.value);
  if (const auto group = line.option("-group"); !group.empty()) plain_groups_[group].push_back(line.setting.value);
  if (bootstrap || line.has("-exclude-default-group")) return;
  to_.note(line.setting, fmt::format("{} left out: plain DNS would send every name in plaintext and is never used",
                                     quotation(line.setting.value)));
}

/// A TLS server is an address, with the name in an option; an HTTPS server is a URL.
std::string SmartFile::url_of(const SmartLine& line, std::string& address) const {
  const auto name = line.has("-tls-host-verify") ? line.option("-tls-host-verify") : line.option("-host-name");
  const std::string& text = line.setting.value;
  if (line.setting.name != "server-tls") {
    address = line.option("-host-ip");
    return text;
  }
  const auto server = parse_socket_address(text, 853);
  if (!server) return fmt::format("tls://{}", text);
  address = server->address.to_string();
  const bool named = !name.empty() && name != "-";
  return fmt::format("tls://{}:{}",
                     named                      ? name
                     : !server->address.is_v6() ? address
                                                : "[" + address + "]",
                     server->port);
}

void SmartFile::read_encrypted(const SmartLine& line) {
  has_servers_ = true;
  if (line.has("-exclude-default-group"))
    return to_.note(line.setting,
                    fmt::format("{} left out: it serves one group only; see `forward`", quotation(line.setting.value)));
  for (const auto& [name, value] : line.options)
    if (name == "-spki-pin" || name == "-no-check-certificate" || name == "-http-host" || name == "-blacklist-ip" ||
        name == "-whitelist-ip" || name == "-group")
      to_.note({line.setting.line, line.setting.name + " " + name, {}},
               name == "-no-check-certificate" ? "left out: tacet always checks the server's certificate"
               : name == "-spki-pin" ? "left out: tacet checks the certificate's name by the system's authorities"
                                     : "left out: tacet has no such rule for a server");
  std::string address;
  const auto url = url_of(line, address);
  to_.upstream(line.setting, url, address.empty() ? std::vector<std::string>{} : std::vector{address});
}

void SmartFile::read(const SmartLine& line) {
  const auto& name = line.setting.name;
  ++known_;
  if (name == "bind" || name == "bind-tcp")
    read_bind(line);
  else if (name == "server" || name == "server-tcp")
    read_server(line);
  else if (name.starts_with("server-") && name != "server-name")
    read_encrypted(line);
  else if (name == "nameserver")
    zones_.push_back(line);
  else if (name == "rr-ttl-min")
    to_.seconds(line.setting, to_.config().cache.min_ttl);
  else if (name == "rr-ttl-max")
    to_.seconds(line.setting, to_.config().cache.max_ttl);
  else if (name == "log-level")
    to_.config().log.level = log::level_from_text(line.setting.value).value_or(LogLevel::info);
  else if (name == "ca-file")
    ca_file_ = line.setting.value;
  else {
    known_ -= is_unmapped(name, unmapped) ? 0 : 1;
    to_.leave_out(line.setting, unmapped);
  }
}

void SmartFile::finish() {
  for (const SmartLine& line : zones_) {
    // "/corp.example/GROUP"
    const std::string_view text = line.setting.value;
    const auto slash = text.rfind('/');
    if (!text.starts_with('/') || slash == 0) continue;
    const auto group = plain_groups_.find(text.substr(slash + 1));
    const auto zone = text.substr(1, slash - 1);
    if (group == plain_groups_.end())
      to_.note(line.setting, fmt::format("{} left out: its group has no plain server; write the zone's servers under "
                                         "`forward`",
                                         quotation(text)));
    else
      for (const auto& server : group->second) to_.zone_server(line.setting, zone, server);
  }
  constexpr std::string_view system_bundle = "/etc/ssl/certs/ca-certificates.crt";
  if (ca_file_ != system_bundle)
    for (auto& upstream : to_.config().upstreams) upstream.ca_file = ca_file_;
  if (!has_servers_)
    to_.keep_default_upstreams("the file names no server, so smartdns asks the system's, in plaintext");
}

}  // namespace

Result<void> read_smartdns(const std::string&, std::string_view text, Migration& to) {
  SmartFile file(to);
  int number = 0;
  for (const auto part : split(text, '\n'))
    if (const auto line = read_line(++number, part)) file.read(*line);
  if (!file.knows_any()) return fail(Fault::invalid_config, "no setting of smartdns in it");
  file.finish();
  return {};
}

}  // namespace tacet
