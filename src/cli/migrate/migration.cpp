#include "cli/migrate/migration.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>

#include "base/text_parts.hpp"
#include "cli/migrate/known_servers.hpp"
#include "cli/migrate/stamp.hpp"
#include "config/address.hpp"
#include "config/prefix.hpp"
#include "config/scalar.hpp"
#include "config/url.hpp"
#include "config/zone.hpp"

namespace tacet {
namespace {

bool among(const auto& one, const auto& all) { return std::ranges::find(all, one) != all.end(); }

/// True for an address of the local network or of this machine.
bool is_local(const IpAddress& address) { return !is_public({address, address.is_v6() ? 128U : 32U}); }

/// The row that has this name; the end if there is none.
auto row_of(std::string_view name, std::span<const UnmappedSetting> known) {
  return std::ranges::find_if(known, [name](const UnmappedSetting& row) {
    return std::ranges::any_of(split(row.names, ' '), [name](std::string_view each) { return each == name; });
  });
}

}  // namespace

bool is_unmapped(std::string_view name, std::span<const UnmappedSetting> known) {
  return row_of(name, known) != known.end();
}

ForeignSettings named(const ForeignSettings& all, std::string_view name) {
  ForeignSettings found;
  std::ranges::copy_if(all, std::back_inserter(found), [&](const auto& setting) { return setting.name == name; });
  return found;
}

ForeignSetting last_named(const ForeignSettings& all, std::string_view name, std::string_view otherwise) {
  const auto found = named(all, name);
  return found.empty() ? ForeignSetting{0, std::string(name), std::string(otherwise)} : found.back();
}

Config Migration::empty() {
  auto config = Config::defaults();
  config.listen.clear();
  config.upstreams.clear();
  return config;
}

void Migration::note(const ForeignSetting& setting, std::string_view text) {
  const auto where = setting.line == 0 ? std::string() : fmt::format("line {}: ", setting.line);
  auto whole = fmt::format("{}{}: {}", where, setting.name, text);
  if (!among(whole, notes_)) notes_.push_back(std::move(whole));
}

void Migration::leave_out(const ForeignSetting& setting, std::span<const UnmappedSetting> known) {
  const auto found = row_of(setting.name, known);
  if (found == known.end())
    note(setting, "left out: tacet does not know it");
  else if (!found->why.empty())
    note(setting, fmt::format("left out: {}", found->why));
}

void Migration::listen(const ForeignSetting& setting, std::string_view address, std::string_view port) {
  const auto number = parse_port(port);
  if (!number) return note(setting, fmt::format("left out: {} is no port", quotation(port)));
  std::vector<std::string> addresses{std::string(address)};
  if (address.empty() || address == "*") addresses = {"0.0.0.0", "::"};
  if (address == "localhost") addresses = {"127.0.0.1", "::1"};
  for (const auto& one : addresses) {
    const auto parsed = parse_host_address(one);
    if (!parsed) {
      note(setting, fmt::format("left out: {}", parsed.error().detail));
      continue;
    }
    SocketAddress at{.address = *parsed, .port = *number};
    if (!among(at, config_.listen)) config_.listen.push_back(std::move(at));
  }
}

void Migration::upstream(const ForeignSetting& setting, std::string_view url, std::vector<std::string> addresses) {
  constexpr std::string_view stamp_scheme = "sdns://";
  if (url.starts_with(stamp_scheme)) {
    auto stamp = read_stamp(url);
    if (!stamp) return note(setting, fmt::format("{} left out: {}", quotation(url), stamp.error().detail));
    if (stamp->has_pins)
      note(setting, "the pinned certificates are left out: tacet checks the server's name by the system's authorities");
    return upstream(setting, stamp->url, std::move(stamp->addresses));
  }
  auto parsed = parse_upstream_url(url);
  if (!parsed) return note(setting, fmt::format("{} left out: {}", quotation(url), parsed.error().detail));
  if (!parsed->host_is_address)
    for (const auto& address : addresses)
      if (const auto one = parse_host_address(address); one && is_one_machine(*one) && !among(*one, parsed->addresses))
        parsed->addresses.push_back(*one);
  if (!add(*std::move(parsed))) note(setting, fmt::format("{} stands there twice", quotation(url)));
}

/// False if it is there already. Addresses of one server come together.
bool Migration::add(UpstreamConfig upstream) {
  recognise(upstream);
  const auto same = std::ranges::find(config_.upstreams, upstream.url, &UpstreamConfig::url);
  if (same == config_.upstreams.end()) {
    config_.upstreams.push_back(std::move(upstream));
    return true;
  }
  const auto before = same->addresses.size();
  for (auto& address : upstream.addresses)
    if (!among(address, same->addresses)) same->addresses.push_back(std::move(address));
  return same->addresses.size() > before;
}

void Migration::bootstrap(const ForeignSetting& setting, std::string_view address) {
  auto server = parse_server_address(address, 53);
  if (!server)
    return note(setting, fmt::format("{} left out: not the address of a plain DNS server", quotation(address)));
  if (!among(*server, bootstrap_)) bootstrap_.push_back(*std::move(server));
}

void Migration::zone_server(const ForeignSetting& setting, std::string_view zone, std::string_view address) {
  const auto name = parse_zone(zone);
  auto server = parse_server_address(address, 53);
  if (!name || *name == "." || !server)
    return note(setting, fmt::format("{} left out: {}", quotation(zone),
                                     !name     ? name.error().detail
                                     : !server ? server.error().detail
                                               : "it is no zone of a local network"));
  if (!is_local(server->address))
    return note(setting, fmt::format("{} left out: {} is outside of the local network, and everybody on the way would "
                                     "read the names of {}; if you want that, write it under `forward`",
                                     quotation(zone), to_string(*server), *name));
  note(setting, fmt::format("the names of {} go to {} in clear, as before", *name, to_string(*server)));
  auto found = std::ranges::find(config_.forward, *name, &ForwardZone::zone);
  if (found == config_.forward.end()) found = config_.forward.insert(found, {*name, {}});
  if (!among(ZoneServer(*server), found->servers)) found->servers.emplace_back(*std::move(server));
}

void Migration::seconds(const ForeignSetting& setting, std::uint32_t& key) {
  constexpr std::uint64_t most = 604800;
  const auto number = parse_number(setting.value);
  if (!number) return note(setting, fmt::format("left out: {} is no number of seconds", quotation(setting.value)));
  if (*number > most) note(setting, "a week instead, which is our most");
  key = static_cast<std::uint32_t>(std::min(*number, most));
}

void Migration::keep_default_upstreams(std::string_view why) {
  default_upstreams_ = true;
  notes_.push_back(
      fmt::format("upstreams: {}; tacet asks its default, Cloudflare, encrypted. Write another under "
                  "`upstreams` if you like",
                  why));
}

/// Upstreams whose addresses nobody knows need a plain server; the other program's own, if it names one.
void Migration::settle_bootstrap() {
  std::vector<std::string> names;
  for (const auto& upstream : config_.upstreams)
    if (needs_bootstrap(upstream)) names.push_back(upstream.host);
  if (names.empty()) {
    if (!bootstrap_.empty())
      notes_.emplace_back("bootstrap: left out: all upstreams have addresses, so tacet looks up no name");
    return;
  }
  if (bootstrap_.empty()) {
    std::erase_if(config_.upstreams, needs_bootstrap);
    notes_.push_back(
        fmt::format("upstreams: {} left out: tacet must know its addresses: write them under `addresses`, or "
                    "name a plain server under `bootstrap`, which learns this name only",
                    fmt::join(names, " and ")));
    return;
  }
  config_.bootstrap = bootstrap_;
  std::vector<std::string> servers;
  for (const auto& server : bootstrap_) servers.push_back(to_string(server));
  notes_.push_back(fmt::format(
      "bootstrap: tacet asks {} in plain DNS, only for the address of {}. To have no plain DNS at all, write "
      "its addresses under `addresses` and remove `bootstrap`",
      fmt::join(servers, " and "), fmt::join(names, " and ")));
}

/// Lets private networks ask if other machines can reach an address, and the other program had no rule about clients.
void Migration::allow_neighbours() {
  if (!config_.allow.empty()) return;
  for (const auto& address : config_.listen) {
    if (address.address.is_loopback()) continue;
    if (config_.allow.empty())
      for (const char* prefix : {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fe80::/10"})
        config_.allow.push_back(parse_prefix(prefix).value());
    notes_.push_back(
        fmt::format("listen: {} can be reached by other machines: those with private addresses may ask (`allow`), and "
                    "nobody else; keep its port closed towards the Internet",
                    to_string(address)));
  }
}

Result<Config> Migration::finish() {
  if (default_upstreams_ && config_.upstreams.empty()) config_.upstreams = Config::defaults().upstreams;
  settle_bootstrap();
  if (config_.upstreams.empty())
    return fail(Fault::invalid_config, fmt::format("no encrypted upstream is left\n{}", fmt::join(notes_, "\n")));
  if (config_.listen.empty()) config_.listen = Config::defaults().listen;
  if (config_.cache.min_ttl > config_.cache.max_ttl) config_.cache.max_ttl = config_.cache.min_ttl;
  allow_neighbours();
  return config_;
}

}  // namespace tacet
