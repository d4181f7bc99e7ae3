#include "config/forms/server_forms.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>
#include <variant>

#include "config/address.hpp"
#include "config/forms/address_forms.hpp"
#include "config/forms/path_forms.hpp"
#include "config/keys.hpp"
#include "config/mapping.hpp"
#include "config/scalar.hpp"
#include "config/url.hpp"
#include "config/zone.hpp"

namespace tacet {
namespace {

/// Every query searches them all.
constexpr std::size_t most_zones = 64;
constexpr std::string_view zone_allowed = "the name of a zone such as lan or 168.192.in-addr.arpa, none twice";
constexpr std::string_view servers_allowed =
    R"(a list of addresses or of URLs such as [192.168.1.1, "192.168.1.2:5353"] or ["tls://10.0.0.53"], none twice)";

/// Reads one entry, a mapping or only its URL, and checks the entry as a whole.
UpstreamConfig read_upstream(const Value& entry) {
  UpstreamConfig upstream;
  if (entry.is(NodeKind::scalar)) {
    UrlForm{}.read(entry, upstream);
    return upstream;
  }
  read_mapping(entry, upstream_keys(), upstream);
  // An empty list pins nothing, so the address in the URL must stay.
  if (upstream.addresses.empty() && upstream.host_is_address)
    upstream.addresses = {parse_host_address(upstream.host).value()};
  if (const auto sni = entry.find("sni"); sni && upstream.host_is_address && upstream.sni == Sni::send)
    sni->fault("has no effect: the URL has an address, which is never sent, allowed: omit");
  if ((entry.is(NodeKind::mapping) || entry.is(NodeKind::null)) && !entry.node().find("url"))
    entry.member("url", entry.node()).fault("is missing, allowed: " + UrlForm{}.allowed());
  return upstream;
}

/// One server of a zone: an address, a URL, or a mapping as under `upstreams`.
void read_zone_server(const Value& value, std::vector<ZoneServer>& out) {
  if (value.is(NodeKind::mapping)) {
    auto upstream = read_upstream(value);
    if (!upstream.url.empty() && std::ranges::find(out, ZoneServer(upstream)) != out.end())
      value.fault("is given twice, allowed: each server once");
    else
      out.emplace_back(std::move(upstream));
    return;
  }
  const auto* text = value.scalar();
  if (!text) return;
  auto server = parse_zone_server(*text);
  if (!server)
    value.fault(server.error().detail);
  else if (std::ranges::find(out, *server) != out.end())
    value.wrong("is given twice");
  else
    out.push_back(*std::move(server));
}

/// The keys of a zone that is a mapping. An encrypted server takes those that it does not have itself.
constexpr std::array<std::string_view, 3> zone_keys{"servers", "proxy", "via"};

void spread_path(const Value& servers, const ProxyConfig& proxy, ForwardZone& zone) {
  const auto entries = servers.is(NodeKind::list) ? servers.items() : std::vector<Value>{};
  for (std::size_t i = 0; i < zone.servers.size(); ++i) {
    auto* upstream = std::get_if<UpstreamConfig>(&zone.servers[i]);
    if (!upstream) continue;
    const bool is_mapping = i < entries.size() && entries[i].is(NodeKind::mapping);
    if (!is_mapping || !entries[i].find("proxy")) upstream->proxy = proxy;
    if (!is_mapping || !entries[i].find("via")) upstream->via = zone.via;
  }
  if (!zone.in_clear()) zone.via = {};
}

/// Reads `proxy` and `via` of a zone that is a mapping, for all its servers.
void read_zone_path(const Value& mapping, ForwardZone& zone) {
  check_keys(mapping, zone_keys);
  ProxyConfig proxy;
  if (const Node* node = mapping.node().find("via"))
    ViaForm{}.read(mapping.member("via", *node, ViaForm{}.allowed()), zone.via);
  if (const Node* node = mapping.node().find("proxy")) {
    const Value value = mapping.member("proxy", *node, ProxyForm{}.allowed());
    ProxyForm{}.read(value, proxy);
    if (proxy.is_used() && zone.in_clear())
      value.fault("plain DNS goes through no proxy, allowed: none, or encrypted servers such as tls://10.0.0.53");
  }
  spread_path(servers_of_zone(mapping), proxy, zone);
}

std::vector<ZoneServer> read_zone_servers(const Value& value) {
  std::vector<ZoneServer> out;
  for (const auto& item : value.items(1)) {
    read_zone_server(item, out);
    // With a mix, every name of the zone would become readable once the encrypted server is unreachable.
    if (!out.empty() && out.back().index() != out.front().index()) {
      item.fault("mixes plain and encrypted servers in one zone, allowed: all of one kind");
      break;
    }
  }
  return out;
}

void read_zone(const Value& key, const Value& servers, std::vector<ForwardZone>& out) {
  const auto* text = key.scalar();
  if (!text) return;
  const auto zone = parse_zone(*text);
  if (!zone)
    key.fault(zone.error().detail);
  else if (*zone == ".")
    key.fault("the root covers every name, allowed: zones below it (`upstreams` answers for all others)");
  else if (std::ranges::find(out, *zone, &ForwardZone::zone) != out.end())
    key.wrong(given_twice(*text, "zone", *zone));
  if (servers.is(NodeKind::mapping) && !servers.node().find("servers"))
    return servers.fault(fmt::format("has no servers, allowed: {}", servers_allowed));
  auto read = read_zone_servers(servers_of_zone(servers));
  if (!zone || read.empty()) return;
  out.push_back({*zone, std::move(read), {}});
  if (servers.is(NodeKind::mapping)) read_zone_path(servers, out.back());
}

/// A list item, `indent` spaces from the margin.
std::string upstream_text(const UpstreamConfig& upstream, std::size_t indent) {
  std::string out;
  for (const auto& key : upstream_keys()) {
    out += fmt::format("\n{:{}}{} {}: {}", "", indent, out.empty() ? '-' : ' ', key.name, key.text(key.form, upstream));
    if (key.name == "sni" && upstream.host_is_address) out += "  # an address is never sent";
  }
  return out;
}

std::string server_text(const ZoneServer& server, std::size_t indent) {
  if (const auto* upstream = std::get_if<UpstreamConfig>(&server)) return upstream_text(*upstream, indent);
  return fmt::format("\n{:{}}- {}", "", indent, yaml_text(to_string(std::get<SocketAddress>(server))));
}

/// The servers of a zone, and the way to them if that does not stand with each.
std::string zone_text(const ForwardZone& zone) {
  std::string out;
  if (zone.via.is_set()) out = fmt::format("\n    via: {}\n    servers:", ViaForm{}.text(zone.via));
  for (const auto& server : zone.servers) out += server_text(server, zone.via.is_set() ? 6 : 4);
  return out;
}

}  // namespace

Value servers_of_zone(const Value& zone) {
  const Node* node = zone.is(NodeKind::mapping) ? zone.node().find("servers") : nullptr;
  return node ? zone.member("servers", *node, std::string(servers_allowed)) : zone;
}

void UrlForm::read(const Value& value, UpstreamConfig& out) const {
  const auto* text = value.scalar();
  if (!text) return;
  auto upstream = parse_upstream_url(*text);
  if (upstream)
    out = *std::move(upstream);
  else
    value.fault(upstream.error().detail);
}

std::string UrlForm::text(const UpstreamConfig& upstream) const { return yaml_text(upstream.url); }

void UpstreamsForm::read(const Value& value, std::vector<UpstreamConfig>& out) const {
  out.clear();
  for (const auto& entry : value.items(1)) out.push_back(read_upstream(entry));
}

std::string UpstreamsForm::text(const std::vector<UpstreamConfig>& upstreams) const {
  std::string out;
  for (const auto& upstream : upstreams) out += upstream_text(upstream, 2);
  return out;
}

std::string ForwardForm::allowed() const {
  return R"(a mapping of zones to servers such as {lan: [192.168.1.1], corp.example: ["tls://10.0.0.53"]})";
}

void ForwardForm::read(const Value& value, std::vector<ForwardZone>& out) const {
  out.clear();
  if (!has_members(value)) return;
  const auto& pairs = value.node().children;
  if (pairs.size() > 2 * most_zones) {
    value.wrong(fmt::format("of {} is longer than {}", pairs.size() / 2, most_zones));
    return;
  }
  for (std::size_t i = 0; i + 1 < pairs.size(); i += 2)
    read_zone(value.member(pairs[i].text, pairs[i], std::string(zone_allowed)),
              value.member(pairs[i].text, pairs[i + 1], std::string(servers_allowed)), out);
}

std::string ForwardForm::text(const std::vector<ForwardZone>& zones) const {
  if (zones.empty()) return "{}";
  std::string out;
  for (const auto& zone : zones) {
    out += fmt::format("\n  {}:{}", yaml_text(zone.zone), zone.in_clear() ? "  # its names travel in clear" : "");
    out += zone_text(zone);
  }
  return out;
}

}  // namespace tacet
