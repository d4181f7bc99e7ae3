#include "daemon/reserves.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "config/url.hpp"

namespace tacet {
namespace {

bool is_known(const UpstreamConfig& upstream) {
  const auto known = Config::defaults().upstreams.front().addresses;
  const std::uint16_t usual = upstream.encryption == Encryption::doh ? 443 : 853;
  return !upstream.addresses.empty() && !upstream.proxy.is_used() && upstream.port == usual &&
         std::ranges::all_of(upstream.addresses,
                             [&](const IpAddress& each) { return std::ranges::find(known, each) != known.end(); });
}

/// The same host by the other transport.
UpstreamConfig other_service(const UpstreamConfig& upstream) {
  const bool is_v6 = upstream.host.contains(':');
  const auto host = is_v6 ? fmt::format("[{}]", upstream.host) : upstream.host;
  const bool to_dot = upstream.encryption == Encryption::doh;
  auto other = parse_upstream_url(to_dot ? "tls://" + host : fmt::format("https://{}/dns-query", host)).value();
  other.addresses = upstream.addresses;
  other.ca_file = upstream.ca_file;
  other.operator_name = upstream.operator_name;
  other.sni = upstream.sni;
  other.via = upstream.via;
  return other;
}

}  // namespace

std::vector<UpstreamConfig> reserves_of(const Config& config) {
  std::vector<UpstreamConfig> reserves;
  if (config.ladder != LadderMode::on) return reserves;
  for (const UpstreamConfig& upstream : config.upstreams) {
    if (!is_known(upstream)) continue;
    const auto stands_in = [&](const UpstreamConfig& other) {
      return other.operator_name == upstream.operator_name && other.encryption != upstream.encryption;
    };
    if (std::ranges::none_of(config.upstreams, stands_in) && std::ranges::none_of(reserves, stands_in))
      reserves.push_back(other_service(upstream));
  }
  return reserves;
}

}  // namespace tacet
