#include "cli/migrate/known_servers.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text_parts.hpp"

namespace tacet {
namespace {

/// What an operator publishes about one of its services; `addresses` is a list with spaces.
struct KnownServer {
  std::string_view host;
  std::string_view operator_name;
  std::string_view addresses;
};

constexpr std::string_view cloudflare = "1.1.1.1 1.0.0.1 2606:4700:4700::1111 2606:4700:4700::1001";
constexpr std::string_view quad9 = "9.9.9.9 149.112.112.112 2620:fe::fe 2620:fe::9";
constexpr std::string_view adguard = "94.140.14.14 94.140.15.15 2a10:50c0::ad1:ff 2a10:50c0::ad2:ff";

constexpr auto known_servers = std::to_array<KnownServer>({
    {"cloudflare-dns.com", "cloudflare", cloudflare},
    {"one.one.one.one", "cloudflare", cloudflare},
    {"1dot1dot1dot1.cloudflare-dns.com", "cloudflare", cloudflare},
    {"security.cloudflare-dns.com", "cloudflare", "1.1.1.2 1.0.0.2 2606:4700:4700::1112 2606:4700:4700::1002"},
    {"family.cloudflare-dns.com", "cloudflare", "1.1.1.3 1.0.0.3 2606:4700:4700::1113 2606:4700:4700::1003"},
    {"dns.google", "google", "8.8.8.8 8.8.4.4 2001:4860:4860::8888 2001:4860:4860::8844"},
    {"dns.quad9.net", "quad9", quad9},
    {"dns9.quad9.net", "quad9", quad9},
    {"dns10.quad9.net", "quad9", "9.9.9.10 149.112.112.10 2620:fe::10 2620:fe::fe:10"},
    {"dns11.quad9.net", "quad9", "9.9.9.11 149.112.112.11 2620:fe::11 2620:fe::fe:11"},
    {"dns.adguard-dns.com", "adguard", adguard},
    {"dns.adguard.com", "adguard", adguard},
    {"unfiltered.adguard-dns.com", "adguard", "94.140.14.140 94.140.14.141 2a10:50c0::1:ff 2a10:50c0::2:ff"},
    {"family.adguard-dns.com", "adguard", "94.140.14.15 94.140.15.16 2a10:50c0::bad1:ff 2a10:50c0::bad2:ff"},
    {"dns.mullvad.net", "mullvad", "194.242.2.2 2a07:e340::2"},
    {"adblock.dns.mullvad.net", "mullvad", "194.242.2.3 2a07:e340::3"},
    {"base.dns.mullvad.net", "mullvad", "194.242.2.4 2a07:e340::4"},
    {"dns.opendns.com", "opendns", "208.67.222.222 208.67.220.220 2620:119:35::35 2620:119:53::53"},
    {"doh.opendns.com", "opendns", "146.112.41.2 2620:119:fc::2"},
    {"dns.nextdns.io", "nextdns", "45.90.28.0 45.90.30.0 2a07:a8c0:: 2a07:a8c1::"},
    {"dns.digitale-gesellschaft.ch", "digitale-gesellschaft",
     "185.95.218.42 185.95.218.43 2a05:fc84::42 2a05:fc84::43"},
    {"doh.dns.sb", "dns.sb", "185.222.222.222 45.11.45.11 2a09:: 2a11::"},
    {"dot.sb", "dns.sb", "185.222.222.222 45.11.45.11 2a09:: 2a11::"},
});

/// Names of dnscrypt-proxy's public list; NAME-ipv6 is the same service.
constexpr auto listed_names = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"cloudflare-security", "https://security.cloudflare-dns.com/dns-query"},
    {"cloudflare-family", "https://family.cloudflare-dns.com/dns-query"},
    {"cloudflare", "https://cloudflare-dns.com/dns-query"},
    {"google", "https://dns.google/dns-query"},
    {"quad9-doh-ip4-port443-nofilter-pri", "https://dns10.quad9.net/dns-query"},
    {"quad9-doh-ip6-port443-nofilter-pri", "https://dns10.quad9.net/dns-query"},
    {"quad9-doh-ip4-port443-filter-ecs-pri", "https://dns11.quad9.net/dns-query"},
    {"quad9-doh-ip6-port443-filter-ecs-pri", "https://dns11.quad9.net/dns-query"},
    {"quad9-doh-ip4-port443-filter-pri", "https://dns.quad9.net/dns-query"},
    {"quad9-doh-ip6-port443-filter-pri", "https://dns.quad9.net/dns-query"},
    {"quad9-doh-ip4-filter-pri", "https://dns.quad9.net/dns-query"},
    {"adguard-dns-unfiltered-doh", "https://unfiltered.adguard-dns.com/dns-query"},
    {"adguard-dns-family-doh", "https://family.adguard-dns.com/dns-query"},
    {"adguard-dns-doh", "https://dns.adguard-dns.com/dns-query"},
    {"mullvad-base-doh", "https://base.dns.mullvad.net/dns-query"},
    {"mullvad-doh", "https://dns.mullvad.net/dns-query"},
    {"cisco-doh", "https://doh.opendns.com/dns-query"},
});

bool has_address(const KnownServer& server, std::string_view address) {
  return std::ranges::any_of(split(server.addresses, ' '), [&](auto each) { return each == address; });
}

}  // namespace

void recognise(UpstreamConfig& upstream) {
  const auto found = std::ranges::find_if(known_servers, [&](const KnownServer& known) {
    return upstream.host_is_address ? has_address(known, upstream.host) : known.host == upstream.host;
  });
  if (found == known_servers.end()) return;
  upstream.operator_name = found->operator_name;
  if (!upstream.addresses.empty()) return;
  for (const auto address : split(found->addresses, ' '))
    upstream.addresses.push_back(IpAddress::from_text(address).value());
}

std::optional<std::string> url_of_listed(std::string_view name) {
  if (name.ends_with("-ipv6")) name.remove_suffix(5);
  const auto found = std::ranges::find(listed_names, name, &std::pair<std::string_view, std::string_view>::first);
  if (found == listed_names.end()) return std::nullopt;
  return std::string(found->second);
}

}  // namespace tacet
