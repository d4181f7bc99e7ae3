#include "config/url.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace tacet;

namespace {

UpstreamConfig parsed(std::string_view url) {
  const auto upstream = parse_upstream_url(url);
  REQUIRE_MESSAGE(upstream.has_value(), url << ": " << (upstream ? "" : upstream.error().detail));
  return *upstream;
}

std::string refusal(std::string_view url) {
  const auto upstream = parse_upstream_url(url);
  REQUIRE_MESSAGE(!upstream.has_value(), url << " was accepted");
  CHECK(upstream.error().fault == Fault::invalid_config);
  return upstream.error().detail;
}

}  // namespace

TEST_CASE("an upstream URL yields transport, host, port and path") {
  struct Row {
    const char* url;
    Encryption encryption;
    const char* host;
    bool is_address;
    std::uint16_t port;
    const char* path;
  };
  const Row rows[] = {
      {"https://cloudflare-dns.com/dns-query", Encryption::doh, "cloudflare-dns.com", false, 443, "/dns-query"},
      {"https://cloudflare-dns.com", Encryption::doh, "cloudflare-dns.com", false, 443, "/dns-query"},
      {"https://dns.example/", Encryption::doh, "dns.example", false, 443, "/"},
      {"https://dns.example:8443/a/b?c=d", Encryption::doh, "dns.example", false, 8443, "/a/b?c=d"},
      {"https://dns.example?c=d", Encryption::doh, "dns.example", false, 443, "/dns-query?c=d"},
      {"https://dns.example/q{?dns}", Encryption::doh, "dns.example", false, 443, "/q"},
      {"https://dns.example{?dns}", Encryption::doh, "dns.example", false, 443, "/dns-query"},
      {"HTTPS://DNS.Example./q", Encryption::doh, "dns.example", false, 443, "/q"},
      {"https://[2606:4700:4700:0::1111]:444/q", Encryption::doh, "2606:4700:4700::1111", true, 444, "/q"},
      {"tls://1.1.1.1", Encryption::dot, "1.1.1.1", true, 853, ""},
      {"tls://[2606:4700:4700::1111]", Encryption::dot, "2606:4700:4700::1111", true, 853, ""},
      {"tls://one.one.one.one:8853", Encryption::dot, "one.one.one.one", false, 8853, ""},
      {"tls://localhost", Encryption::dot, "localhost", false, 853, ""},
      {"tls://xn--bcher-kva.example", Encryption::dot, "xn--bcher-kva.example", false, 853, ""},
  };
  for (const auto& row : rows) {
    CAPTURE(row.url);
    const auto upstream = parsed(row.url);
    CHECK(upstream.url == row.url);
    CHECK(upstream.encryption == row.encryption);
    CHECK(upstream.host == row.host);
    CHECK(upstream.host_is_address == row.is_address);
    CHECK(upstream.port == row.port);
    CHECK(upstream.path == row.path);
    CHECK(upstream.operator_name == row.host);
  }
}

TEST_CASE("a host that is an address is its own pinned address, a name needs a lookup") {
  CHECK(parsed("tls://[::1]").addresses == std::vector<IpAddress>{"::1"});
  CHECK_FALSE(needs_bootstrap(parsed("tls://[::1]")));
  auto named = parsed("tls://dns.example");
  CHECK(named.addresses.empty());
  CHECK(needs_bootstrap(named));
  named.addresses = {"192.0.2.1"};
  CHECK_FALSE(needs_bootstrap(named));
}

TEST_CASE("plaintext is refused with the reason, whatever it calls itself") {
  for (const char* url : {"http://1.1.1.1/dns-query", "HTTP://dns.example", "udp://1.1.1.1", "tcp://1.1.1.1:53",
                          "dns://1.1.1.1", "do53://1.1.1.1", "1.1.1.1", "1.1.1.1:53", "[::1]:53", "::1"}) {
    CAPTURE(url);
    CHECK(refusal(url).find("would send every name in plaintext and is never used, allowed: https://") !=
          std::string::npos);
  }
}

TEST_CASE("a URL that is not exactly an upstream's is refused") {
  const char* const urls[] = {"",
                              "https",
                              "https:/dns.example",
                              "https://",
                              "https:///dns-query",
                              "://dns.example",
                              "h3://dns.example",
                              "https://user@dns.example/",
                              "https://user:secret@dns.example/",
                              "https://dns.example/#f",
                              "tls://dns.example#",
                              "tls://dns.example/",
                              "tls://dns.example?a",
                              "https://dns.example:/",
                              "https://dns.example:0/",
                              "https://dns.example:65536/",
                              "https://dns.example:+1/",
                              "https://dns.example:4 43/",
                              "tls://::1",
                              "tls://[::1",
                              "tls://[::1]853",
                              "tls://[1.1.1.1]",
                              "tls://[fe80::1]",
                              "tls://[fe80::1%]",
                              "tls://[fd00::1%eth0]",
                              "tls://[]",
                              "tls://1.1.1",
                              "tls://1.1.1.1.",
                              "tls://256.1.1.1",
                              "tls://-a.example",
                              "tls://a-.example",
                              "tls://a..example",
                              "tls://.example",
                              "tls://a_b.example",
                              "tls://b\303\274cher.example",
                              "https://dns.example/a b",
                              "https://dns.example/a\nb",
                              "https://dns.example/{dns}",
                              "https://dns.example/\"",
                              "https://dns.example/\\",
                              "https://dns.exa\nmple/",
                              " https://dns.example"};
  for (const char* url : urls) {
    CAPTURE(url);
    CHECK(refusal(url).find("allowed: ") != std::string::npos);
  }
}

TEST_CASE("a NUL or too great a length is no way around the checks") {
  CHECK_FALSE(refusal(std::string_view("tls://1.1.1.1\0.example", 22)).empty());
  CHECK_FALSE(refusal(std::string_view("https://dns.example/\0", 21)).empty());
  CHECK_FALSE(refusal("https://" + std::string(64, 'a') + ".example/").empty());
  CHECK(parsed("https://" + std::string(63, 'a') + ".example/").host.size() == 71);
  std::string labels;
  for (int i = 0; i < 127; ++i) labels += "a.";
  CHECK_FALSE(refusal("tls://" + labels + "a").empty());
  CHECK_FALSE(refusal("https://dns.example/" + std::string(3000, 'a')).empty());
}

TEST_CASE("a refusal cannot steer the terminal that shows it") {
  const auto detail = refusal("\x1b[2J\n");
  CHECK(detail.find('\x1b') == std::string::npos);
  CHECK(detail.find('\n') == std::string::npos);
  CHECK(detail.starts_with("\"\\x1b[2J\\x0a\" has no scheme"));
}

TEST_CASE("an upstream at a link-local address has its interface in the URL, coded or as it is") {
  for (const char* url : {"tls://[fe80::1%25eth0]:8853", "tls://[fe80::1%eth0]:8853"}) {
    CAPTURE(url);
    const auto upstream = parse_upstream_url(url);
    REQUIRE(upstream);
    CHECK(upstream->host == "fe80::1%eth0");
    CHECK(upstream->addresses == std::vector<IpAddress>{"fe80::1%eth0"});
    CHECK(upstream->host_is_address);
    CHECK(upstream->port == 8853);
  }
  CHECK(parse_upstream_url("tls://[fe80::1%256]")->host == "fe80::1%6");
  CHECK(parse_upstream_url("https://[fe80::1]/").error().detail.find("name the interface") != std::string::npos);
}

TEST_CASE("DNS over QUIC has port 853 and no path; a build without it says what it needs") {
  if (!quic_is_built_in()) {
    CHECK(refusal("quic://dns.example").find("built with OpenSSL 3.5 or later") != std::string::npos);
    return;
  }
  const UpstreamConfig upstream = parsed("QUIC://dns.example");
  CHECK(upstream.encryption == Encryption::doq);
  CHECK(upstream.port == 853);
  CHECK(upstream.host == "dns.example");
  CHECK(parsed("quic://[2606:4700:4700::1111]:8853").port == 8853);
  CHECK(refusal("quic://dns.example/").find("DNS over QUIC has no path") != std::string::npos);
}
