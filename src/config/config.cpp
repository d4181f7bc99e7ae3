#include "tacet/config.hpp"

#include <fmt/format.h>

namespace tacet {
namespace {

std::vector<std::string> cloudflare_addresses() {
  return {"1.1.1.1", "1.0.0.1", "2606:4700:4700::1111", "2606:4700:4700::1001"};
}

UpstreamConfig cloudflare_doh() {
  UpstreamConfig upstream;
  upstream.url = "https://cloudflare-dns.com/dns-query";
  upstream.encryption = Encryption::doh;
  upstream.host = "cloudflare-dns.com";
  upstream.port = 443;
  upstream.path = "/dns-query";
  upstream.addresses = cloudflare_addresses();
  upstream.operator_name = "cloudflare";
  return upstream;
}

/// Named by address, so no SNI is sent; the certificate is checked for whichever of the four was connected to.
UpstreamConfig cloudflare_dot() {
  UpstreamConfig upstream;
  upstream.url = "tls://1.1.1.1";
  upstream.encryption = Encryption::dot;
  upstream.host = "1.1.1.1";
  upstream.host_is_address = true;
  upstream.port = 853;
  upstream.addresses = cloudflare_addresses();
  upstream.operator_name = "cloudflare";
  return upstream;
}

}  // namespace

std::string to_string(const SocketAddress& address) {
  const bool v6 = address.address.find(':') != std::string::npos;
  return fmt::format("{}{}{}:{}", v6 ? "[" : "", address.address, v6 ? "]" : "", address.port);
}

Config Config::defaults() {
  Config config;
  config.listen = {{.address = "127.0.0.1", .port = 53, .is_default = true},
                   {.address = "::1", .port = 53, .is_default = true}};
  config.upstreams = {cloudflare_doh(), cloudflare_dot()};
  return config;
}

}  // namespace tacet
