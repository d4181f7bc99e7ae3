#include "config/whole_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "config/address.hpp"
#include "config/forms/server_forms.hpp"
#include "config/prefix.hpp"
#include "config/scalar.hpp"
#include "config/url.hpp"
#include "config/zone.hpp"

namespace tacet {
namespace {

/// True if the file has a value there; a wrong value was reported at its place.
bool is_given(const Value& root, std::string_view path) {
  const auto value = root.find(path);
  return value && value->says_something();
}

std::string unresolvable(const UpstreamConfig& upstream) {
  return fmt::format(
      "the name {} cannot be resolved, allowed: pinned addresses such as {{url: {}, addresses: [192.0.2.1]}}, or a "
      "server that looks it up such as bootstrap: [192.0.2.53]",
      quotation(upstream.host), quotation(upstream.url));
}

bool is_nameless(const UpstreamConfig& upstream) { return upstream.host.empty() || !needs_bootstrap(upstream); }

/// Looking up an upstream's name must not need tacet itself.
void check_upstream_names(const Value& root, const Config& config) {
  const auto upstreams = root.find("upstreams");
  if (!upstreams || !upstreams->is(NodeKind::list)) return;
  const auto entries = upstreams->items();
  for (std::size_t i = 0; i < entries.size() && i < config.upstreams.size(); ++i) {
    const auto url = entries[i].is(NodeKind::scalar) ? entries[i] : entries[i].find("url");
    if (url && !is_nameless(config.upstreams[i]) && !is_given(entries[i], "addresses"))
      url->fault(unresolvable(config.upstreams[i]));
  }
}

/// The same for the encrypted servers of a zone.
void check_zone_names(const Value& servers, std::string_view zone, const Config& config) {
  const auto found = std::ranges::find(config.forward, parse_zone(zone).value_or(""), &ForwardZone::zone);
  if (found == config.forward.end()) return;
  for (const ZoneServer& server : found->servers)
    if (const auto* upstream = std::get_if<UpstreamConfig>(&server); upstream && !is_nameless(*upstream))
      servers.fault(unresolvable(*upstream));
}

/// Other machines must not reach tacet unless the user wants that.
void check_listen(const Value& root, const Config& config) {
  if (is_given(root, "allow")) return;
  for (const auto& [key, addresses] : {std::pair("listen", &config.listen),
                                       {"https.listen", &config.https.listen},
                                       {"tls.listen", &config.tls.listen}})
    if (const auto listen = root.find(key))
      if (const auto closed = check_access(*addresses, config.allow); !closed) listen->fault(closed.error().detail);
}

/// Nobody can have an encrypted connection to a server without a certificate. A port can serve one transport only.
void check_encrypted(const Value& root, const std::string& section, const TlsListenConfig& encrypted,
                     const std::vector<SocketAddress>& taken) {
  const auto listen = root.find(section + ".listen");
  if (!listen || encrypted.listen.empty()) return;
  for (const auto& [key, path] : {std::pair(".certificate", &encrypted.certificate), {".key", &encrypted.key}})
    if (const auto value = root.find(section + key); path->empty() && (!value || value->node().text.empty()))
      listen->fault(fmt::format("needs {}{}, allowed: with the absolute path of a file in PEM there", section, key));
  for (const SocketAddress& address : encrypted.listen)
    if (std::ranges::find_if(taken, [&](const SocketAddress& other) {
          return other.address == address.address && other.port == address.port;
        }) != taken.end())
      listen->fault(fmt::format("{} serves another transport already, allowed: another port", to_string(address)));
}

void check_encrypted(const Value& root, const Config& config) {
  auto taken = config.listen;
  check_encrypted(root, "https", config.https, taken);
  taken.insert(taken.end(), config.https.listen.begin(), config.https.listen.end());
  check_encrypted(root, "tls", config.tls, taken);
}

void check_ttls(const Value& root, const Config& config) {
  if (config.cache.min_ttl <= config.cache.max_ttl) return;
  // The default of min_ttl is below every max_ttl, so the file sets it.
  root.find("cache.min_ttl")
      ->fault(fmt::format("{} is above max_ttl, allowed: 0 to {}", config.cache.min_ttl, config.cache.max_ttl));
}

/// True if a query sent there would come back to this tacet.
bool is_own(const SocketAddress& server, const Config& config) {
  return std::ranges::any_of(config.listen, [&](const SocketAddress& own) {
    const bool everywhere = own.address.is_unspecified();
    return own.port == server.port && (own.address == server.address || (everywhere && server.address.is_loopback()));
  });
}

/// Each query to itself would come back until its time is over.
void check_not_own(const Value& list, const Config& config) {
  if (!list.is(NodeKind::list)) return;
  for (const auto& item : list.items()) {
    if (!item.is(NodeKind::scalar)) continue;
    const auto server = parse_socket_address(item.node().text, 53);
    if (server && is_own(*server, config))
      item.fault(fmt::format("{} is where this tacet listens: it would ask itself, allowed: another server's address",
                             to_string(*server)));
  }
}

void check_zones(const Value& root, const Config& config) {
  const auto forward = root.find("forward");
  if (!forward || !forward->is(NodeKind::mapping)) return;
  const auto& pairs = forward->node().children;
  for (std::size_t i = 0; i + 1 < pairs.size(); i += 2) {
    const auto servers = servers_of_zone(forward->member(pairs[i].text, pairs[i + 1]));
    check_not_own(servers, config);
    if (!is_given(root, "bootstrap")) check_zone_names(servers, pairs[i].text, config);
  }
}

}  // namespace

void check_whole_file(const Value& root, const Config& config) {
  if (!is_given(root, "bootstrap")) check_upstream_names(root, config);
  if (const auto bootstrap = root.find("bootstrap")) check_not_own(*bootstrap, config);
  check_zones(root, config);
  check_ttls(root, config);
  check_listen(root, config);
  check_encrypted(root, config);
}

}  // namespace tacet
