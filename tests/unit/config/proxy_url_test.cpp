#include "config/proxy_url.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace tacet;

TEST_CASE("a proxy's URL gives its protocol, address, user name and password") {
  const auto plain = parse_proxy_url("socks5://127.0.0.1:1080");
  REQUIRE(plain);
  CHECK(plain->kind == ProxyKind::socks5);
  CHECK(plain->address == SocketAddress{"127.0.0.1", 1080});
  CHECK(plain->user.empty());
  CHECK(to_string(*plain) == "socks5://127.0.0.1:1080");

  const auto coded = parse_proxy_url("HTTP://m%40e:p%3a%25:@[2001:db8::1]:3128/");
  REQUIRE(coded);
  CHECK(coded->kind == ProxyKind::http);
  CHECK(coded->address == SocketAddress{"2001:db8::1", 3128});
  CHECK(coded->user == "m@e");
  CHECK(coded->password == "p:%:");

  CHECK(parse_proxy_url("http://user@localhost:8080")->address == SocketAddress{"127.0.0.1", 8080});
  CHECK_FALSE(parse_proxy_url("none")->is_used());
}

TEST_CASE("no text of a proxy has its secrets") {
  const auto proxy = parse_proxy_url("socks5://me:secret@127.0.0.1:1080");
  REQUIRE(proxy);
  CHECK(to_string(*proxy) == "socks5://127.0.0.1:1080");
  CHECK(masked_url(*proxy) == "socks5://***@127.0.0.1:1080");
  CHECK(masked_url(*parse_proxy_url("http://127.0.0.1:1")) == "http://127.0.0.1:1");
  const auto masked = parse_proxy_url(masked_url(*proxy));
  REQUIRE_FALSE(masked);
  CHECK(masked.error().detail.contains("a secret that is not shown"));
}

TEST_CASE("a proxy that cannot be used is refused in words that hold no secret") {
  struct Row {
    std::string url, words;
  };
  const std::vector<Row> rows{
      {"127.0.0.1:1080", "no scheme"},
      {"", "no scheme"},
      {"socks5h://me:secret@127.0.0.1:1080", "the scheme is socks5"},
      {"https://me:secret@127.0.0.1:443", "TLS to a proxy"},
      {"socks4://me:secret@127.0.0.1:1080", "\"socks4://\" is no known kind"},
      {"socks5://me:secret@proxy.example:1080", "looks up no name"},
      {"socks5://me:secret@127.0.0.1", "has no port"},
      {"socks5://127.0.0.1:0", "is no IP address with a port"},
      {"socks5://0.0.0.0:1080", "is no IP address with a port"},
      {"socks5://:secret@127.0.0.1:1080", "the user name is empty"},
      {"socks5://me:%secret@127.0.0.1:1080", "%25"},
      {"socks5://me:secret%2@127.0.0.1:1080", "%25"},
      {"socks5://me:secret%0a@127.0.0.1:1080", "control character"},
      {"http://m%3ae:secret@127.0.0.1:1080", "colon"},
      {"socks5://" + std::string(256, 'm') + ":secret@127.0.0.1:1080", "longer than 255"},
  };
  for (const Row& row : rows) {
    const auto proxy = parse_proxy_url(row.url);
    REQUIRE_MESSAGE(!proxy, row.url);
    CHECK(proxy.error().fault == Fault::invalid_config);
    CHECK_MESSAGE(proxy.error().detail.contains(row.words), proxy.error().detail);
    CHECK_MESSAGE(!proxy.error().detail.contains("secret@"), proxy.error().detail);
    CHECK_MESSAGE(!proxy.error().detail.contains("me:"), proxy.error().detail);
  }
}
