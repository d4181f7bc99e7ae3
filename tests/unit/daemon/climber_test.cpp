#include "daemon/climber.hpp"

#include <doctest/doctest.h>

#include "config/url.hpp"

using namespace tacet;

namespace {

using Ways = std::vector<Rung>;

Config with_proxy() {
  Config config;
  config.ladder_proxy = {.kind = ProxyKind::socks5, .address = {"127.0.0.1", 1080}, .user{}, .password{}};
  return config;
}

UpstreamConfig upstream(Encryption encryption) {
  UpstreamConfig named = parse_upstream_url("tls://dns.test").value();
  named.encryption = encryption;
  return named;
}

}  // namespace

TEST_CASE("a server that is asked over TCP is reached by each way that its entry bears") {
  using enum Rung;
  for (const Encryption encryption : {Encryption::dot, Encryption::doh}) {
    CHECK(ways_to(upstream(encryption), with_proxy()) == Ways{configured, no_name, split_greeting, proxy});
    CHECK(ways_to(upstream(encryption), Config()) == Ways{configured, no_name, split_greeting});
  }
  UpstreamConfig by_interface = upstream(Encryption::dot);
  by_interface.via.interface = "wg0";
  CHECK(ways_to(by_interface, with_proxy()) == Ways{configured, no_name, split_greeting});
  UpstreamConfig proxied = upstream(Encryption::dot);
  proxied.proxy = with_proxy().ladder_proxy;
  CHECK(ways_to(proxied, with_proxy()) == Ways{configured});
}

TEST_CASE("a server that is asked over QUIC is reached as configured only: no proxy carries it") {
  CHECK(ways_to(upstream(Encryption::doq), with_proxy()) == Ways{Rung::configured});
}
