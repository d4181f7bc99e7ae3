#include "daemon/reserves.hpp"

#include <doctest/doctest.h>

#include "config/url.hpp"

using namespace tacet;

namespace {

Config with(std::initializer_list<const char*> urls) {
  Config config;
  for (const char* url : urls) {
    config.upstreams.push_back(parse_upstream_url(url).value());
    config.upstreams.back().operator_name = "cloudflare";
    if (!config.upstreams.back().host_is_address) config.upstreams.back().addresses = {"1.1.1.1"};
  }
  return config;
}

}  // namespace

TEST_CASE("an entry at the default operator's addresses has the other transport in reserve") {
  const auto doh = reserves_of(with({"tls://1.1.1.1"}));
  REQUIRE(doh.size() == 1);
  CHECK(doh.front().url == "https://1.1.1.1/dns-query");
  CHECK(doh.front().port == 443);
  CHECK(doh.front().encryption == Encryption::doh);
  CHECK(doh.front().addresses == std::vector<IpAddress>{"1.1.1.1"});
  CHECK(doh.front().operator_name == "cloudflare");
  const auto dot = reserves_of(with({"https://cloudflare-dns.com/dns-query"}));
  REQUIRE(dot.size() == 1);
  CHECK(dot.front().url == "tls://cloudflare-dns.com");
  CHECK(dot.front().addresses == std::vector<IpAddress>{"1.1.1.1"});
  const auto v6 = reserves_of(with({"tls://[2606:4700:4700::1111]"}));
  REQUIRE(v6.size() == 1);
  CHECK(v6.front().url == "https://[2606:4700:4700::1111]/dns-query");
}

TEST_CASE(
    "there is no reserve for others, for both transports, for another port, behind a proxy, or without the ladder") {
  CHECK(reserves_of(Config::defaults()).empty());
  CHECK(reserves_of(with({"tls://9.9.9.9"})).empty());
  CHECK(reserves_of(with({"tls://1.1.1.1:8853"})).empty());
  Config proxied = with({"tls://1.1.1.1"});
  proxied.upstreams.front().proxy = {.kind = ProxyKind::socks5, .address = {"127.0.0.1", 1080}, .user{}, .password{}};
  CHECK(reserves_of(proxied).empty());
  for (const LadderMode mode : {LadderMode::off, LadderMode::ask_only}) {
    Config config = with({"tls://1.1.1.1"});
    config.ladder = mode;
    CHECK(reserves_of(config).empty());
  }
}
