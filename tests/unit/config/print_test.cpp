#include "config/print.hpp"

#include <doctest/doctest.h>

#include "config/url.hpp"
#include "config/yaml.hpp"

using namespace tacet;

namespace {

void check_round_trip(const Config& config) {
  const auto text = to_yaml(config);
  CAPTURE(text);
  const auto again = read_config(text, "printed");
  REQUIRE(again.has_value());
  CHECK(*again == config);
}

/// A configuration in which no field has its default.
Config unusual() {
  Config config;
  config.listen = {{.address = "0.0.0.0", .port = 5353}, {.address = "fd00::2", .port = 53}};
  config.allow = {{"192.168.0.0", 16}, {"fd00::", 8}, {"0.0.0.0", 0}};
  config.workers = 3;
  config.upstreams = {*parse_upstream_url("https://dns.example:8443/q?a=b"), *parse_upstream_url("tls://[::1]:8853")};
  config.upstreams[0].operator_name = "some \"body\" \\ else: # yes";
  config.upstreams[0].ca_file = TACET_SOURCE_DIR "/conf/tacet.yaml";
  config.upstreams[0].sni = Sni::omit;
  config.upstreams[1].proxy = {.kind = ProxyKind::http, .address = {.address = "192.0.2.8", .port = 3128}};
  config.upstreams[1].via.interface = "wg0";
  config.proxy = {.kind = ProxyKind::socks5, .address = {.address = "::1", .port = 1080}};
  config.bootstrap = {{.address = "192.0.2.1", .port = 53}, {.address = "2001:db8::1", .port = 5353}};
  UpstreamConfig corporate = *parse_upstream_url("tls://dns.corp.example");
  corporate.addresses = {"10.0.0.53", "fd00::53"};
  corporate.sni = Sni::omit;
  corporate.via.address = IpAddress("192.0.2.7");
  config.forward = {
      {"lan", {SocketAddress{"192.168.1.1", 53}, SocketAddress{"fd00::1", 5353}}},
      {"0/26.2.0.192.in-addr.arpa", {SocketAddress{"192.168.1.1", 5354}}, {.interface = "eth7", .address = {}}},
      {"corp.example", {corporate, *parse_upstream_url("https://10.0.0.53/q")}}};
  config.hosts.file = "/run/some hosts";
  config.dnssec = {.mode = DnssecMode::on,
                   .trust_anchors = {"a. DS 1 13 1 0123456789ABCDEF0123456789ABCDEF01234567"},
                   .ignore = {{"corp.example", std::chrono::sys_days(std::chrono::days(20849))}}};
  config.rebind = {.protect = true, .allow = {"plex.direct", "xn--bcher-kva.example"}};
  config.cache = {.size = 1'000'000, .min_ttl = 7, .max_ttl = 8, .max_negative_ttl = 9};
  config.log = {.level = LogLevel::error, .lines = 60};
  config.control.socket = "/run/f\xc3\xbcr mich/{x}: [y].sock";
  config.control.group = "dns people";
  config.metrics.listen = SocketAddress{"::1", 9154};
  config.limits = {.tcp_clients = 5, .pending = 6, .per_client = 7, .rate = 8};
  config.exposure = {.mode = ExposureMode::active, .names = 17, .log_names = true};
  config.query_log = {.to = "/var/log/f\xc3\xbcr mich.log",
                      .clients = Disclosure::mask,
                      .names = Disclosure::omit,
                      .max_size = 65536,
                      .keep = 0};
  config.user = "some body";
  config.confine = false;
  config.answer_chaos = true;
  return config;
}

}  // namespace

TEST_CASE("what is printed is read as the same configuration") {
  check_round_trip(Config::defaults());
  check_round_trip(unusual());
}

TEST_CASE("every level, SNI setting and exposure mode survives printing") {
  auto config = unusual();
  for (const auto level : {LogLevel::error, LogLevel::warn, LogLevel::info, LogLevel::debug}) {
    config.log.level = level;
    check_round_trip(config);
  }
  for (const auto sni : {Sni::send, Sni::omit}) {
    config.upstreams[0].sni = sni;
    check_round_trip(config);
  }
  for (const auto mode : {ExposureMode::off, ExposureMode::passive, ExposureMode::active}) {
    config.exposure.mode = mode;
    config.exposure.log_names = mode != ExposureMode::off;
    check_round_trip(config);
  }
  config.control.socket.clear();
  config.cache.size = 0;
  check_round_trip(config);
}

TEST_CASE("default addresses are shown but not made obligatory") {
  CHECK(to_yaml(Config::defaults()).starts_with("# listen: [\"127.0.0.1:53\", \"[::1]:53\"]"));
  CHECK(to_yaml(unusual()).starts_with("listen: [\"0.0.0.0:5353\", \"[fd00::2]:53\"]\n"));
}
