#include "cli/migrate/migrate.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <ostream>
#include <utility>

#include "base/log.hpp"
#include "cli/migrate/cloudflared.hpp"
#include "cli/migrate/foreign_program.hpp"
#include "cli/migrate/migration.hpp"
#include "config/address.hpp"
#include "config/fault.hpp"
#include "config/prefix.hpp"
#include "config/print.hpp"
#include "config/scalar.hpp"
#include "config/url.hpp"
#include "config/yaml.hpp"

namespace tacet {
namespace {

using Notes = std::vector<std::string>;

std::vector<std::string> values(const CloudflaredSettings& settings, std::string_view name) {
  std::vector<std::string> found;
  for (const auto& setting : settings) {
    if (setting.name == name) found.push_back(setting.value);
  }
  return found;
}

/// The last setting of that name, as cloudflared takes it.
std::string last(const CloudflaredSettings& settings, std::string_view name, std::string otherwise) {
  auto found = values(settings, name);
  return found.empty() ? std::move(otherwise) : std::move(found.back());
}

Result<std::vector<SocketAddress>> listen_addresses(const CloudflaredSettings& settings) {
  const auto port_text = last(settings, "port", "53");
  const auto port = parse_port(port_text);
  if (!port)
    return fail(Fault::invalid_config, fmt::format("--port {} is no port, allowed: 1 to 65535", quotation(port_text)));
  const auto host = last(settings, "address", "localhost");
  if (host == "localhost") {
    const bool usual = *port == 53;
    return std::vector<SocketAddress>{{"127.0.0.1", *port, usual}, {"::1", *port, usual}};
  }
  auto address = parse_host_address(host);
  if (!address && address_before_interface(host)) return fail(std::move(address.error()));
  if (!address)
    return fail(Fault::invalid_config,
                fmt::format("--address {} is neither localhost nor an IP address; tacet listens on addresses",
                            quotation(host)));
  return std::vector<SocketAddress>{{*address, *port, false}};
}

/// Cloudflare's servers by their names and the addresses that tacet knows: they need no look-up, and count as one
/// operator.
void recognise(UpstreamConfig& upstream) {
  const auto known = Config::defaults().upstreams.front();
  const bool by_name = upstream.host == known.host || upstream.host == "one.one.one.one";
  const bool by_address = upstream.host_is_address &&
                          std::ranges::find(known.addresses, upstream.addresses.front()) != known.addresses.end();
  if (by_name) upstream.addresses = known.addresses;
  if (by_name || by_address) upstream.operator_name = known.operator_name;
}

std::vector<UpstreamConfig> upstreams(const CloudflaredSettings& settings, Notes& notes) {
  auto urls = values(settings, "upstream");
  if (urls.empty()) urls = {"https://1.1.1.1/dns-query", "https://1.0.0.1/dns-query"};  // cloudflared's own default
  std::vector<UpstreamConfig> all;
  for (const auto& url : urls) {
    auto upstream = parse_upstream_url(url);
    if (!upstream) {
      notes.push_back(fmt::format("--upstream {}: left out: {}", quotation(url), upstream.error().detail));
      continue;
    }
    recognise(*upstream);
    if (std::ranges::find(all, upstream->url, &UpstreamConfig::url) == all.end()) all.push_back(*std::move(upstream));
  }
  return all;
}

/// The plain DNS servers at the addresses of cloudflared's bootstrap URLs.
std::vector<SocketAddress> bootstrap_servers(const CloudflaredSettings& settings, Notes& notes) {
  auto urls = values(settings, "bootstrap");
  if (urls.empty()) urls = {"https://1.1.1.1/dns-query", "https://[2606:4700:4700::1111]/dns-query"};
  std::vector<SocketAddress> servers;
  for (const auto& url : urls) {
    const auto upstream = parse_upstream_url(url);
    if (!upstream || !upstream->host_is_address) {
      notes.push_back(fmt::format("--bootstrap {}: left out: not an https URL with an address in it", quotation(url)));
      continue;
    }
    SocketAddress server{.address = upstream->addresses.front(), .port = 53};
    if (std::ranges::find(servers, server) == servers.end()) servers.push_back(std::move(server));
  }
  return servers;
}

/// Warns that tacet looks up upstreams' names by plain DNS if it must; cloudflared did that by DoH.
void settle_bootstrap(const CloudflaredSettings& settings, Config& config, Notes& notes) {
  std::vector<std::string> names;
  for (const auto& upstream : config.upstreams) {
    if (needs_bootstrap(upstream)) names.push_back(upstream.host);
  }
  if (names.empty()) {
    if (!values(settings, "bootstrap").empty())
      notes.emplace_back("--bootstrap: left out: all upstreams have addresses, so tacet looks up no name");
    return;
  }
  config.bootstrap = bootstrap_servers(settings, notes);
  std::vector<std::string> servers;
  for (const auto& server : config.bootstrap) servers.push_back(to_string(server));
  notes.push_back(
      fmt::format("bootstrap: tacet will ask {} in plain DNS, only for the address of {}. To have no plain DNS at "
                  "all, write its addresses under `addresses` and remove `bootstrap`",
                  fmt::join(servers, " and "), fmt::join(names, " and ")));
}

/// cloudflared has two levels above "error".
LogLevel log_level(std::string_view word) {
  if (word == "fatal" || word == "panic") return LogLevel::error;
  return log::level_from_text(word).value_or(LogLevel::info);
}

/// The note on a setting without a key; empty for a migrated one.
std::string_view left_out(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 15> words{{
      {"port", ""},
      {"address", ""},
      {"upstream", ""},
      {"bootstrap", ""},
      {"loglevel", ""},
      {"proxy-dns", ""},
      {"max-upstream-conns",
       "not needed: one connection carries all queries at once, and tacet opens another when it must"},
      {"metrics", "has no counterpart here: `tacet status --json` tells more, on a socket that no web page can reach"},
      {"logfile", "tacet writes to standard error, which the journal keeps"},
      {"pidfile", "not needed: the service manager knows the process"},
      {"no-autoupdate", "not needed: tacet never updates itself"},
      {"autoupdate-freq", "not needed: tacet never updates itself"},
      {"config", "is another file: migrate it by its name"},
      {"tunnel", "belongs to a tunnel: cloudflared is still needed for that"},
      {"ingress", "belongs to a tunnel: cloudflared is still needed for that"},
  }};
  const auto found = std::ranges::find(words, name, &std::pair<std::string_view, std::string_view>::first);
  return found == words.end() ? "is no setting of a resolver, or tacet does not know it" : found->second;
}

void note_left_out(const CloudflaredSettings& settings, Notes& notes) {
  for (const auto& setting : settings) {
    const auto why = left_out(setting.name);
    auto note = fmt::format("--{}: left out: {}", setting.name, why);
    if (!why.empty() && std::ranges::find(notes, note) == notes.end()) notes.push_back(std::move(note));
  }
}

Result<Config> translate(const CloudflaredSettings& settings, Notes& notes) {
  auto config = Config::defaults();
  auto listen = listen_addresses(settings);
  if (!listen) return fail(listen.error());
  config.listen = *std::move(listen);
  config.upstreams = upstreams(settings, notes);
  if (config.upstreams.empty())
    return fail(Fault::invalid_config, fmt::format("no upstream is left\n{}", fmt::join(notes, "\n")));
  settle_bootstrap(settings, config, notes);
  config.log.level = log_level(last(settings, "loglevel", "info"));
  allow_private_networks(config, notes);  // cloudflared answers every client
  note_left_out(settings, notes);
  return config;
}

bool is_file(const std::vector<std::string>& words) { return words.size() == 1 && !words.front().starts_with('-'); }

std::unexpected<Error> at(const std::string& path, const Error& error) {
  return fail(Fault::invalid_config, fmt::format("{}: {}", path, error.detail));
}

/// Null for cloudflared.
const ForeignProgram* foreign(const std::string& program) {
  const auto all = foreign_programs();
  const auto found = std::ranges::find(all, program, &ForeignProgram::name);
  return found == all.end() ? nullptr : &*found;
}

/// What a reader left in `migration` if it succeeded.
Result<Config> finished(const Result<void>& read, Migration& migration, Notes& notes) {
  if (!read) return fail(read.error());
  auto config = migration.finish();
  notes = migration.notes();
  return config;
}

Result<Config> from_flags(const std::string& program, const std::vector<std::string>& words, Notes& notes) {
  const auto* other = foreign(program);
  if (!other) {
    const auto settings = read_cloudflared_flags(words);
    return settings ? translate(*settings, notes) : fail(settings.error());
  }
  if (!other->read_flags)
    return fail(Fault::invalid_config,
                fmt::format("{} has its settings in a file: give its name ({})", program, other->usual_files));
  Migration migration;
  return finished(other->read_flags(words, migration), migration, notes);
}

/// The text as `tacet check` will read it. A refusal here is better than a daemon that does not start.
Result<MigratedConfig> as_yaml(const Result<Config>& config, Notes notes) {
  if (!config) return fail(config.error());
  MigratedConfig out{to_yaml(*config), std::move(notes)};
  const auto checked = read_config(out.yaml, "migrated");
  if (checked) return out;
  std::string faults;
  for (const auto& fault : checked.error()) faults += (faults.empty() ? "" : "\n") + to_string(fault);
  return fail(Fault::invalid_config, faults);
}

}  // namespace

std::vector<std::string> migration_sources() {
  std::vector<std::string> names{"cloudflared"};
  for (const ForeignProgram& program : foreign_programs()) names.emplace_back(program.name);
  return names;
}

Result<MigratedConfig> migrated_text(const std::string& program, const std::string& path, std::string_view text) {
  Notes notes;
  if (const auto* other = foreign(program)) {
    Migration migration;
    const auto read = other->read_file(path, text, migration);
    if (!read) return at(path, read.error());
    const auto config = finished(read, migration, notes);
    return as_yaml(config, std::move(notes));
  }
  const auto settings = read_cloudflared_file(text);
  if (!settings) return at(path, settings.error());
  const auto config = translate(*settings, notes);
  return as_yaml(config, std::move(notes));
}

Result<MigratedConfig> migrated(const std::string& program, const std::vector<std::string>& words) {
  if (is_file(words)) {
    const auto text = foreign_text(words.front());
    return text ? migrated_text(program, words.front(), *text) : fail(text.error());
  }
  Notes notes;
  const auto config = from_flags(program, words, notes);
  return as_yaml(config, std::move(notes));
}

int run_migrate(const std::string& program, const std::vector<std::string>& words, std::ostream& out,
                std::ostream& err) {
  const auto done = migrated(program, words);
  if (!done) return err << "tacet: " << done.error().detail << '\n', 1;
  for (const auto& note : done->notes) err << note << '\n';
  out << done->yaml;
  return 0;
}

}  // namespace tacet
