#include "config/forms/path_forms.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "config/print.hpp"
#include "config/url.hpp"
#include "config/void_keys.hpp"
#include "config/yaml.hpp"

using namespace tacet;

namespace {

Config read(const std::string& text) {
  const auto config = read_config(text, "t.yaml");
  REQUIRE_MESSAGE(config.has_value(), (config ? "" : to_string(config.error().front())));
  return *config;
}

std::string fault_of(const std::string& text) {
  const auto config = read_config(text, "t.yaml");
  REQUIRE_MESSAGE(!config.has_value(), text);
  std::string all;
  for (const auto& fault : config.error()) all += to_string(fault) + "\n";
  return all;
}

const UpstreamConfig& encrypted(const ForwardZone& zone, std::size_t index = 0) {
  return std::get<UpstreamConfig>(zone.servers.at(index));
}

}  // namespace

TEST_CASE("the proxy of the top level is that of each upstream that says nothing else, and of no zone") {
  const Config config = read(
      "proxy: socks5://127.0.0.1:1080\n"
      "upstreams: [{url: 'tls://1.1.1.1'}, {url: 'tls://1.0.0.1', proxy: none},\n"
      "            {url: 'tls://8.8.8.8', proxy: 'http://127.0.0.1:8080'}]\n"
      "forward: {lan: ['tls://10.0.0.1']}\n");
  CHECK(to_string(config.upstreams[0].proxy) == "socks5://127.0.0.1:1080");
  CHECK(to_string(config.upstreams[1].proxy) == "none");
  CHECK(to_string(config.upstreams[2].proxy) == "http://127.0.0.1:8080");
  CHECK_FALSE(encrypted(config.forward[0]).proxy.is_used());
  for (const UpstreamConfig& upstream : read("proxy: socks5://127.0.0.1:1080").upstreams)
    CHECK(upstream.proxy.is_used());
}

TEST_CASE("a name without addresses needs no bootstrap server behind a proxy, and one is remarked") {
  const std::string name = "proxy: socks5://127.0.0.1:1080\nupstreams: [{url: 'https://dns.example'}]\n";
  CHECK_FALSE(needs_bootstrap(read(name).upstreams[0]));
  CHECK(remarks(read(name + "bootstrap: [192.0.2.1]")).front().starts_with("bootstrap: has no effect"));
  CHECK(fault_of("proxy: socks5://127.0.0.1:1080\nupstreams: [{url: 'https://dns.example', proxy: none}]")
            .contains("cannot be resolved"));
}

TEST_CASE("a zone may say the way to its servers, and an encrypted server of it another one") {
  const Config config = read(
      "forward:\n"
      "  lan: {servers: [192.168.1.1], via: {interface: eth7}}\n"
      "  corp.example: {servers: ['tls://10.0.0.1', {url: 'tls://10.0.0.2', via: {address: 10.0.0.9}, proxy: none}],\n"
      "                 via: {interface: wg0}, proxy: 'http://10.0.0.8:3128'}\n");
  CHECK(config.forward[0].via == ViaConfig{.interface = "eth7", .address = {}});
  CHECK_FALSE(config.forward[1].via.is_set());
  CHECK(to_string(encrypted(config.forward[1]).via) == "wg0");
  CHECK(to_string(encrypted(config.forward[1]).proxy) == "http://10.0.0.8:3128");
  CHECK(to_string(encrypted(config.forward[1], 1).via) == "10.0.0.9");
  CHECK_FALSE(encrypted(config.forward[1], 1).proxy.is_used());
  const auto again = read_config(to_yaml(config), "printed");
  REQUIRE_MESSAGE(again.has_value(), to_yaml(config));
  CHECK(*again == config);
}

TEST_CASE("a way that cannot be used, or has no effect, is refused at its place") {
  struct Row {
    std::string text, words;
  };
  const std::vector<Row> rows{
      {"proxy: 'ftp://127.0.0.1:21'", "proxy: \"ftp://\" is no known kind of proxy"},
      {"proxy: 'socks5://me:secret@host:1'", "looks up no name"},
      {"upstreams: [{url: 'tls://1.1.1.1', via: wg0}]", "via"},
      {"upstreams: [{url: 'tls://1.1.1.1', via: {interface: lo}}]", "this machine only"},
      {"upstreams: [{url: 'tls://1.1.1.1', via: {interface: 'a/b'}}]", "no name of an interface"},
      {"upstreams: [{url: 'tls://1.1.1.1', via: {address: wg0}}]", "no address of this machine"},
      {"upstreams: [{url: 'tls://1.1.1.1', via: {address: 10.0.0.1, interface: wg0}}]", "both"},
      {"upstreams: [{url: 'tls://1.1.1.1', via: {device: wg0}}]", "device"},
      {"bootstrap: [192.0.2.1]\nupstreams: [{url: 'tls://dns.example', via: {interface: wg0}}]", "looked up past"},
      {"proxy: 'socks5://127.0.0.1:1'\nupstreams: [{url: 'tls://1.1.1.1', via: {interface: wg0}}]",
       "via has no effect"},
      {"forward: {lan: {servers: [192.168.1.1], proxy: 'socks5://127.0.0.1:1'}}", "plain DNS goes through no proxy"},
      {"forward: {lan: {via: {interface: wg0}}}", "has no servers"},
      {"forward: {lan: {servers: [192.168.1.1], by: wg0}}", "by"},
      {"forward: {lan: {servers: ['tls://10.0.0.1'], via: {interface: wg0}, proxy: 'http://127.0.0.1:1'}}",
       "via has no effect"},
      {"listen: ['192.168.1.1:53']\nallow: [192.168.0.0/16]\nforward: {lan: {servers: [192.168.1.1]}}",
       "it would ask itself"},
  };
  for (const Row& row : rows) {
    const std::string fault = fault_of(row.text);
    CHECK_MESSAGE(fault.contains(row.words), fault);
    CHECK_FALSE(fault.contains("secret"));
  }
}

TEST_CASE("what is printed shows no secret, and is refused where one is missing") {
  const std::string printed = to_yaml(read("proxy: 'socks5://me:secret@127.0.0.1:1080'"));
  CHECK_FALSE(printed.contains("secret"));
  CHECK_FALSE(printed.contains("me:"));
  CHECK(printed.contains("***@127.0.0.1:1080"));
  CHECK(fault_of(printed).contains("not shown"));
}

TEST_CASE("--via takes an interface or an address") {
  CHECK(parse_via("wg0")->interface == "wg0");
  CHECK(parse_via("192.0.2.7")->address == IpAddress("192.0.2.7"));
  CHECK(parse_via("2001:DB8::1")->address == IpAddress("2001:db8::1"));
  CHECK(parse_via("fe80::1%eth0")->address == IpAddress("fe80::1%eth0"));
  CHECK_FALSE(parse_via("0.0.0.0"));
  CHECK_FALSE(parse_via("much-too-long-for-one"));
}

TEST_CASE("an upstream by QUIC goes through no proxy") {
  UpstreamConfig upstream;
  upstream.url = "quic://192.0.2.1";
  upstream.encryption = Encryption::doq;
  CHECK(check_path(upstream));
  upstream.proxy = {.kind = ProxyKind::socks5, .address = {.address = "127.0.0.1", .port = 1080}};
  CHECK(check_path(upstream).error().detail.find("goes through no proxy") != std::string::npos);
}
