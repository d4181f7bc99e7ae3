#include "config/forms/path_forms.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <variant>

#include "config/address.hpp"
#include "config/forms/server_forms.hpp"
#include "config/mapping.hpp"
#include "config/scalar.hpp"
#include "config/url.hpp"
#include "config/zone.hpp"

namespace tacet {
namespace {

constexpr std::array<std::string_view, 2> via_keys{"interface", "address"};

Result<ViaConfig> interface_via(std::string_view text) {
  if (!is_interface(text))
    return fail(
        Fault::invalid_config,
        fmt::format("{} is no name of an interface, allowed: such as wg0 (`ip link` shows them)", quotation(text)));
  if (text == "lo")
    return fail(Fault::invalid_config, "the interface lo leads to this machine only, allowed: such as wg0");
  return ViaConfig{.interface = std::string(text), .address = {}};
}

Result<ViaConfig> address_via(std::string_view text) {
  auto address = parse_host_address(text);
  if (!address || !is_one_machine(*address))
    return fail(Fault::invalid_config,
                fmt::format("{} is no address of this machine, allowed: such as 192.0.2.7", quotation(text)));
  return ViaConfig{.interface = {}, .address = *address};
}

void read_part(const Value& part, std::string_view key, ViaConfig& out) {
  const auto* text = part.scalar();
  if (!text) return;
  auto via = key == "interface" ? interface_via(*text) : address_via(*text);
  if (via)
    out = *std::move(via);
  else
    part.fault(via.error().detail);
}

/// The items below `upstreams`; none if the upstreams are the default ones.
std::vector<Value> entries_of(const Value& root) {
  const auto upstreams = root.find("upstreams");
  return upstreams && upstreams->is(NodeKind::list) ? upstreams->items() : std::vector<Value>{};
}

void check_zone_paths(const Value& zone, const ForwardZone& read) {
  for (const ZoneServer& server : read.servers) {
    const auto* upstream = std::get_if<UpstreamConfig>(&server);
    if (!upstream || upstream->url.empty()) continue;
    if (const auto usable = check_path(*upstream); !usable) zone.fault(usable.error().detail);
  }
}

}  // namespace

void ProxyForm::read(const Value& value, ProxyConfig& out) const {
  const auto* text = value.scalar();
  if (!text) return;
  auto proxy = parse_proxy_url(*text);
  if (proxy)
    out = *std::move(proxy);
  else
    value.fault(proxy.error().detail);
}

std::string ProxyForm::text(const ProxyConfig& proxy) const {
  return proxy.is_used() ? yaml_text(masked_url(proxy)) : "none";
}

void ViaForm::read(const Value& value, ViaConfig& out) const {
  out = {};
  if (!has_members(value)) return;
  check_keys(value, via_keys);
  int given = 0;
  for (const std::string_view key : via_keys) {
    const Node* node = value.node().find(key);
    if (!node) continue;
    ++given;
    read_part(value.member(key, *node), key, out);
  }
  if (given == 2) value.wrong("names both an interface and an address");
}

std::string ViaForm::text(const ViaConfig& via) const {
  if (!via.is_set()) return "{}";
  return fmt::format("{{{}: {}}}", via.interface.empty() ? "address" : "interface", yaml_text(to_string(via)));
}

Result<ViaConfig> parse_via(std::string_view text) {
  return address_before_interface(text) ? address_via(text) : interface_via(text);
}

Result<void> check_path(const UpstreamConfig& upstream) {
  if (upstream.encryption == Encryption::doq && upstream.proxy.is_used())
    return fail(
        Fault::invalid_config,
        fmt::format("{} goes through no proxy, which carries TCP alone, allowed: `proxy: none` for it, or tls:// "
                    "or https:// instead",
                    quotation(upstream.url)));
  if (!upstream.via.is_set()) return {};
  if (upstream.proxy.is_used() && upstream.proxy.address.address.is_loopback())
    return fail(Fault::invalid_config,
                fmt::format("via has no effect on {}: its proxy is on this machine, allowed: one of both",
                            quotation(upstream.url)));
  if (needs_bootstrap(upstream))
    return fail(Fault::invalid_config, fmt::format("the name {} would be looked up past {}, allowed: pinned addresses",
                                                   quotation(upstream.host), quotation(to_string(upstream.via))));
  return {};
}

void spread_proxy(const Value& root, Config& config) {
  const auto entries = entries_of(root);
  for (std::size_t i = 0; i < config.upstreams.size(); ++i)
    if (i >= entries.size() || !entries[i].find("proxy")) config.upstreams[i].proxy = config.proxy;
}

void check_paths(const Value& root, const Config& config) {
  const auto entries = entries_of(root);
  for (std::size_t i = 0; i < std::min(entries.size(), config.upstreams.size()); ++i)
    if (const auto usable = check_path(config.upstreams[i]); !usable && !config.upstreams[i].url.empty())
      entries[i].fault(usable.error().detail);
  const auto forward = root.find("forward");
  if (!forward || !forward->is(NodeKind::mapping)) return;
  const auto& pairs = forward->node().children;
  for (std::size_t i = 0; i + 1 < pairs.size(); i += 2)
    for (const ForwardZone& zone : config.forward)
      if (parse_zone(pairs[i].text).value_or("") == zone.zone)
        check_zone_paths(forward->member(pairs[i].text, pairs[i + 1]), zone);
}

}  // namespace tacet
