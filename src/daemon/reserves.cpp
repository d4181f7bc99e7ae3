#include "daemon/reserves.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "config/url.hpp"

namespace tacet {
namespace {

std::vector<std::string> addresses_of(const UpstreamConfig& upstream) {
  if (upstream.addresses.empty() && upstream.host_is_address) return {upstream.host};
  return upstream.addresses;
}

bool is_known(const UpstreamConfig& upstream) {
  const auto known = Config::defaults().upstreams.front().addresses;
  const auto addresses = addresses_of(upstream);
  const std::uint16_t usual = upstream.encryption == Encryption::doh ? 443 : 853;
  return !addresses.empty() && !upstream.proxy.is_used() && upstream.port == usual &&
         std::ranges::all_of(addresses,
                             [&](const std::string& each) { return std::ranges::find(known, each) != known.end(); });
}

/// The same host by the other transport.
UpstreamConfig other_service(const UpstreamConfig& upstream) {
  const bool is_v6 = upstream.host.contains(':');
  const auto host = is_v6 ? fmt::format("[{}]", upstream.host) : upstream.host;
  const bool to_dot = upstream.encryption == Encryption::doh;
  auto other = parse_upstream_url(to_dot ? "tls://" + host : fmt::format("https://{}/dns-query", host)).value();
  other.addresses = addresses_of(upstream);
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
