#include <fmt/format.h>
#include <glob.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/text_parts.hpp"
#include "cli/migrate/foreign_program.hpp"
#include "config/prefix.hpp"
#include "config/scalar.hpp"

namespace tacet {
namespace {

constexpr std::size_t most_included = 4;

constexpr std::string_view anchors = "see `dnssec.trust_anchors`; the keys of the root are built in";
constexpr std::string_view recursion = "concerns unbound's own questions to the zones' servers, which tacet never asks";
constexpr std::string_view of_cache = "see `cache.size`, which counts octets of all answers together";
constexpr std::string_view local = "write fixed addresses into the hosts file";
constexpr auto unmapped = std::to_array<UnmappedSetting>({
    {"server.port server.tls-upstream server.ssl-upstream server.do-udp server.do-tcp", ""},
    {"server.do-ip4 server.do-ip6 server.prefer-ip6 server.msg-cache-slabs server.rrset-cache-slabs "
     "server.infra-cache-slabs server.key-cache-slabs server.so-reuseport",
     by_itself},
    {"server.num-threads", "see `workers`"},
    {"server.verbosity", "see `log.level`"},
    {"server.use-syslog server.logfile", in_journal},
    {"server.log-queries server.log-replies", "tacet writes no names unless you ask for it; see `query_log`"},
    {"server.msg-cache-size server.rrset-cache-size server.key-cache-size server.neg-cache-size", of_cache},
    {"server.prefetch", "tacet refreshes answers that programs still ask for by itself"},
    {"server.prefetch-key server.harden-dnssec-stripped server.module-config", validates},
    {"server.serve-expired server.serve-expired-ttl", serves_stale},
    {"server.hide-identity server.hide-version", "not needed: see `answer_chaos`"},
    {"server.identity", "see `answer_chaos`"},
    {"server.qname-minimisation server.root-hints server.harden-glue server.use-caps-for-id", recursion},
    {"server.auto-trust-anchor-file server.trust-anchor-file", anchors},
    {"server.username", own_user},
    {"server.chroot server.directory", "not needed: tacet confines itself"},
    {"server.pidfile", "not needed: the service manager knows the process"},
    {"server.local-zone", "tacet blocks no names; names of the local network stay here"},
    {"server.local-data server.local-data-ptr", local},
});

/// "attribute: value" inside a clause such as "server:".
struct UnboundClause {
  std::string name;
  std::vector<ForeignSetting> settings;

  std::string last(std::string_view attribute) const {
    std::string found;
    for (const auto& setting : settings)
      if (setting.name == attribute) found = setting.value;
    return found;
  }
};

std::string without_quotes(std::string_view value) {
  if (value.size() > 1 && (value.front() == '"' || value.front() == '\'') && value.back() == value.front())
    value = value.substr(1, value.size() - 2);
  return std::string(value);
}

/// Cuts a comment off. A # inside of a word belongs to it: "1.1.1.1@853#cloudflare-dns.com".
std::string_view without_comment(std::string_view line) {
  for (std::size_t at = line.find('#'); at != std::string_view::npos; at = line.find('#', at + 1))
    if (at == 0 || line[at - 1] == ' ' || line[at - 1] == '\t') return line.substr(0, at);
  return line;
}

std::vector<std::string> files_like(const std::string& pattern) {
  glob_t found{};
  std::vector<std::string> out;
  if (::glob(pattern.c_str(), 0, nullptr, &found) == 0)
    for (std::size_t i = 0; i < found.gl_pathc; ++i) out.emplace_back(found.gl_pathv[i]);
  ::globfree(&found);
  return out;
}

/// The clauses of a file and of those that it includes.
class UnboundReader {
public:
  explicit UnboundReader(Migration& to) : to_(to) {}

  void read(std::string_view text, std::size_t level = 0) {
    int number = 0;
    for (const auto part : split(text, '\n')) {
      const auto line = trimmed(without_comment(part));
      const auto colon = line.find(':');
      ++number;
      if (line.empty() || colon == std::string_view::npos) continue;
      take({level == 0 ? number : 0, std::string(line.substr(0, colon)),
            without_quotes(trimmed(line.substr(colon + 1)))},
           level);
    }
  }
  std::vector<UnboundClause> take_clauses() { return std::move(clauses_); }

private:
  void take(ForeignSetting setting, std::size_t level) {
    if (setting.name == "include" || setting.name == "include-toplevel") return include(setting, level);
    if (setting.value.empty()) {
      clauses_.push_back({setting.name, {}});
    } else if (!clauses_.empty()) {
      clauses_.back().settings.push_back(std::move(setting));
    }
  }
  void include(const ForeignSetting& setting, std::size_t level) {
    const auto files = level < most_included ? files_like(setting.value) : std::vector<std::string>();
    if (files.empty()) to_.note(setting, fmt::format("{} left out: no such file here", quotation(setting.value)));
    for (const auto& file : files) {
      const auto text = foreign_text(file);
      if (text) read(*text, level + 1);
    }
  }

  Migration& to_;
  std::vector<UnboundClause> clauses_;
};

/// "1.1.1.1@853#cloudflare-dns.com": an address or a name, a port, and the name in the certificate.
struct ForwardAddress {
  std::string host, port, name;
};

ForwardAddress forward_address(std::string_view text) {
  ForwardAddress out;
  const auto hash = text.find('#');
  if (hash != std::string_view::npos) out.name = text.substr(hash + 1);
  text = text.substr(0, hash);
  const auto at = text.find('@');
  if (at != std::string_view::npos) out.port = text.substr(at + 1);
  out.host = text.substr(0, at);
  return out;
}

std::string in_url(const std::string& host) { return host.find(':') == std::string::npos ? host : "[" + host + "]"; }

void read_encrypted(const ForeignSetting& setting, Migration& to) {
  const auto server = forward_address(setting.value);
  const auto& host = server.name.empty() ? server.host : server.name;
  if (server.name.empty())
    to.note(setting, fmt::format("{} has no name (#NAME), so unbound does not check its certificate; tacet always does",
                                 quotation(setting.value)));
  to.upstream(setting, fmt::format("tls://{}:{}", in_url(host), server.port.empty() ? "853" : server.port),
              {server.host});
}

void read_plain(const ForeignSetting& setting, const std::string& zone, Migration& to) {
  const auto server = forward_address(setting.value);
  if (zone == ".")
    return to.note(setting, fmt::format("{} left out: plain DNS would send every name in plaintext and is never used",
                                        quotation(setting.value)));
  to.zone_server(setting, zone,
                 server.port.empty() ? server.host : fmt::format("{}:{}", in_url(server.host), server.port));
}

bool is_yes(std::string_view value) { return value == "yes"; }

/// True if the clause is a forward zone of the root.
bool read_forward(const UnboundClause& clause, bool all_by_tls, Migration& to) {
  const auto zone = clause.last("name");
  const bool tls =
      all_by_tls || is_yes(clause.last("forward-tls-upstream")) || is_yes(clause.last("forward-ssl-upstream"));
  const bool is_root = zone == ".";
  for (const auto& setting : clause.settings) {
    if (setting.name == "forward-first" && is_yes(setting.value))
      to.note(setting, "left out: tacet never asks the zones' servers itself, which would be plaintext");
    if (setting.name != "forward-addr" && setting.name != "forward-host" && setting.name != "stub-addr") continue;
    if (tls && is_root)
      read_encrypted(setting, to);
    else if (tls)
      to.note(setting, fmt::format("left out: write it under `forward`, such as {{{}: [\"tls://{}\"]}}", zone,
                                   in_url(forward_address(setting.value).host)));
    else
      read_plain(setting, zone, to);
  }
  return is_root;
}

/// "192.168.0.0/16 allow".
void read_access(const ForeignSetting& setting, Migration& to) {
  const auto space = setting.value.find(' ');
  const auto action = trimmed(setting.value).substr(std::min(space, setting.value.size()));
  const auto prefix = parse_prefix(setting.value.substr(0, space));
  if (trimmed(action).starts_with("allow") && prefix) {
    auto& allow = to.config().allow;
    if (!prefix->address.is_loopback() && std::ranges::find(allow, *prefix) == allow.end()) allow.push_back(*prefix);
  } else {
    to.note(setting, "left out: tacet refuses every client that `allow` does not name");
  }
}

void read_interface(const ForeignSetting& setting, const std::string& port, Migration& to) {
  const auto at = setting.value.find('@');
  to.listen(setting, setting.value.substr(0, at), at == std::string::npos ? port : setting.value.substr(at + 1));
}

void read_server(const UnboundClause& clause, Migration& to) {
  const auto port = clause.last("port");
  constexpr std::string_view system_bundle = "/etc/ssl/certs/ca-certificates.crt";
  for (const auto& setting : clause.settings) {
    auto& config = to.config();
    if (setting.name == "interface" || setting.name == "ip-address")
      read_interface(setting, port.empty() ? "53" : port, to);
    else if (setting.name == "access-control")
      read_access(setting, to);
    else if (setting.name == "cache-min-ttl")
      to.seconds(setting, config.cache.min_ttl);
    else if (setting.name == "cache-max-ttl")
      to.seconds(setting, config.cache.max_ttl);
    else if (setting.name == "cache-max-negative-ttl")
      to.seconds(setting, config.cache.max_negative_ttl);
    else if (setting.name == "private-address")
      config.rebind.protect = true;
    else if (setting.name == "private-domain")
      config.rebind.allow.push_back(setting.value.substr(0, setting.value.find_last_not_of('.') + 1));
    else if ((setting.name == "tls-cert-bundle" || setting.name == "ssl-cert-bundle") && setting.value != system_bundle)
      for (auto& upstream : config.upstreams) upstream.ca_file = setting.value;
    else if (!setting.name.ends_with("-cert-bundle"))
      to.leave_out({setting.line, "server." + setting.name, setting.value}, unmapped);
  }
}

}  // namespace

Result<void> read_unbound(const std::string&, std::string_view text, Migration& to) {
  UnboundReader reader(to);
  reader.read(text);
  const auto clauses = reader.take_clauses();
  const bool all_by_tls = std::ranges::any_of(clauses, [](const UnboundClause& clause) {
    return is_yes(clause.last("tls-upstream")) || is_yes(clause.last("ssl-upstream"));
  });
  bool forwards = false;
  for (const auto& clause : clauses)
    if (clause.name == "forward-zone" || clause.name == "stub-zone")
      forwards = read_forward(clause, all_by_tls, to) || forwards;
  if (!forwards)
    return fail(
        Fault::invalid_config,
        "no forward-zone \".\" in it: this unbound asks the zones' servers itself, in plaintext, and tacet asks "
        "an encrypted upstream. There is nothing to migrate; `forward-addr` lines may be in another file");
  for (const auto& clause : clauses) {
    if (clause.name == "server")
      read_server(clause, to);
    else if (clause.name != "forward-zone" && clause.name != "stub-zone")
      to.note({0, clause.name, {}}, "left out: tacet does not have that part of unbound");
  }
  auto& rebind = to.config().rebind;
  if (!rebind.protect) rebind.allow.clear();
  return {};
}

}  // namespace tacet
