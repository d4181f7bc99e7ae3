#include "tacet/config.hpp"

#include <fmt/format.h>

#include "config/url.hpp"

namespace tacet {
namespace {

UpstreamConfig cloudflare(std::string_view url) {
  auto upstream = parse_upstream_url(url).value();
  upstream.addresses = {"1.1.1.1", "1.0.0.1", "2606:4700:4700::1111", "2606:4700:4700::1001"};
  upstream.operator_name = "cloudflare";
  return upstream;
}

}  // namespace

std::string to_string(const SocketAddress& address) {
  return fmt::format(fmt::runtime(address.address.is_v6() ? "[{}]:{}" : "{}:{}"), address.address.to_string(),
                     address.port);
}

std::string_view to_string(Encryption encryption) {
  constexpr std::string_view words[]{"DoH", "DoT", "DoQ"};
  return words[static_cast<std::size_t>(encryption)];
}

std::string to_string(const ProxyConfig& proxy) {
  if (!proxy.is_used()) return "none";
  return fmt::format("{}://{}", proxy.kind == ProxyKind::http ? "http" : "socks5", to_string(proxy.address));
}

std::string to_string(const ViaConfig& via) { return via.address ? via.address->to_string() : via.interface; }

Config Config::defaults() {
  Config config;
  config.listen = {{.address = "127.0.0.1", .port = 53, .is_default = true},
                   {.address = "::1", .port = 53, .is_default = true}};
  // The second entry has an address, so no SNI is sent; its certificate must cover the address.
  config.upstreams = {cloudflare("https://cloudflare-dns.com/dns-query"), cloudflare("tls://1.1.1.1")};
  return config;
}

}  // namespace tacet
