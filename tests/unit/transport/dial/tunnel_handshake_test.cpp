#include "transport/dial/tunnel_handshake.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace std::string_literals;
using namespace tacet;

namespace {

ProxyConfig proxy(ProxyKind kind, std::string user = {}, std::string password = {}) {
  return {.kind = kind,
          .address = {.address = "127.0.0.1", .port = 1080},
          .user = std::move(user),
          .password = std::move(password)};
}

/// A handshake, and what was said in it; octets go in one by one or together.
struct Talk {
  std::unique_ptr<TunnelHandshake> handshake;

  explicit Talk(const TunnelRequest& request) : handshake(tunnel_handshake(request)) {}

  std::string said() {
    const auto octets = handshake->take_output();
    return {octets.begin(), octets.end()};
  }
  Result<std::size_t> hear(const std::string& octets) {
    return handshake->take(Bytes(reinterpret_cast<const std::uint8_t*>(octets.data()), octets.size()));
  }
};

const DialTarget v4("1.1.1.1", 853), v6("2606:4700:4700::1111", 443), named = DialTarget::by_name("dns.example", 443);

}  // namespace

TEST_CASE("SOCKS5: an address is asked for without a login if the proxy wants none (RFC 1928)") {
  Talk talk({proxy(ProxyKind::socks5), v4, "alone"});
  CHECK(talk.said() == "\x05\x02\x00\x02"s);
  CHECK(talk.hear("\x05\x00"s) == 2U);
  CHECK(talk.said() == "\x05\x01\x00\x01\x01\x01\x01\x01\x03\x55"s);
  CHECK_FALSE(talk.handshake->is_done());
  const std::string reply = "\x05\x00\x00\x01\x7f\x00\x00\x01\x1f\x90"s;
  SUBCASE("in one piece, with octets of the connection behind it") {
    CHECK(talk.hear(reply + "\x16\x03\x01"s) == reply.size());
  }
  SUBCASE("octet by octet") {
    for (const char octet : reply) {
      CHECK_FALSE(talk.handshake->is_done());
      CHECK(talk.hear({octet}) == 1U);
    }
  }
  CHECK(talk.handshake->is_done());
  CHECK(talk.hear("more") == 0U);
}

TEST_CASE("SOCKS5: IPv6 addresses and names have their own forms, and the reply's length follows its own address") {
  Talk talk({proxy(ProxyKind::socks5), v6, "alone"});
  talk.said();
  REQUIRE(talk.hear("\x05\x00"s));
  CHECK(talk.said() == "\x05\x01\x00\x04\x26\x06\x47\x00\x47\x00\x00\x00\x00\x00\x00\x00\x00\x00\x11\x11\x01\xbb"s);
  CHECK(talk.hear("\x05\x00\x00\x03\x04host\x00\x50rest"s) == 11U);
  CHECK(talk.handshake->is_done());

  Talk by_name({proxy(ProxyKind::socks5), named, "alone"});
  by_name.said();
  REQUIRE(by_name.hear("\x05\x00"s));
  CHECK(by_name.said() ==
        "\x05\x01\x00\x03\x0b"s
        "dns.example\x01\xbb"s);
  CHECK(by_name.hear("\x05\x00\x00\x04"s + std::string(18, 'x')) == 22U);
  CHECK(by_name.handshake->is_done());
}

TEST_CASE("SOCKS5: a configured user logs in; without one, the name that isolates a stream does (RFC 1929)") {
  Talk known({proxy(ProxyKind::socks5, "me", "secret"), v4, "alone"});
  known.said();
  REQUIRE(known.hear("\x05\x02"s));
  CHECK(known.said() == "\x01\x02me\x06secret"s);
  REQUIRE(known.hear("\x01\x00"s));
  CHECK(known.said().starts_with("\x05\x01\x00\x01"s));

  Talk isolated({proxy(ProxyKind::socks5), v4, "alone"});
  isolated.said();
  REQUIRE(isolated.hear("\x05\x02"s));
  CHECK(isolated.said() ==
        "\x01\x05"
        "alone\x01-"s);
}

TEST_CASE("SOCKS5: each refusal says what to do, and none holds a password") {
  struct Row {
    ProxyConfig proxy;
    std::string replies;
    Fault fault;
    std::string words;
  };
  const auto open = proxy(ProxyKind::socks5), login = proxy(ProxyKind::socks5, "me", "secret");
  const std::vector<Row> rows{
      {open, "\x05\xff"s, Fault::invalid_config, "another login"},
      {open, "\x05\x02\x01\x01"s, Fault::invalid_config, "give them in `proxy"},
      {login, "\x05\x02\x01\x01"s, Fault::invalid_config, "refuses the user name or the password"},
      {open, "\x05\x01"s, Fault::protocol, "not offered"},
      {open, "HTTP/1.1 400"s, Fault::protocol, "no SOCKS5"},
      {open, "\x05\x00\x05\x02"s, Fault::unreachable, "its rules forbid"},
      {open, "\x05\x00\x05\x05"s, Fault::unreachable, "refuses the connection"},
      {open, "\x05\x00\x05\x63"s, Fault::unreachable, "a failure of a number"},
      {open, "\x05\x00\x04\x00"s, Fault::protocol, "no SOCKS5"},
      {open, "\x05\x00\x05\x00\x00\x09\x00"s, Fault::protocol, "no known type"},
  };
  for (const Row& row : rows) {
    Talk talk({row.proxy, v4, "alone"});
    const auto heard = talk.hear(row.replies);
    REQUIRE_FALSE(heard);
    CHECK(heard.error().fault == row.fault);
    CHECK_MESSAGE(heard.error().detail.contains(row.words), heard.error().detail);
    CHECK_FALSE(heard.error().detail.contains("secret"));
  }
}

TEST_CASE("HTTP CONNECT: Host is there, IPv6 has brackets, and any 2xx makes the tunnel (RFC 9110 §9.3.6)") {
  Talk talk({proxy(ProxyKind::http), v6, "alone"});
  CHECK(talk.said() == "CONNECT [2606:4700:4700::1111]:443 HTTP/1.1\r\nHost: [2606:4700:4700::1111]:443\r\n\r\n");
  const std::string reply = "HTTP/1.0 204 Connection established\r\nVia: 1.1 proxy\r\n\r\n";
  SUBCASE("in one piece, with octets of the connection behind it") {
    CHECK(talk.hear(reply + "\x16\x03\x01"s) == reply.size());
  }
  SUBCASE("octet by octet, after an interim reply") {
    for (const char octet : "HTTP/1.1 102 Processing\r\n\r\n" + reply) {
      CHECK_FALSE(talk.handshake->is_done());
      CHECK(talk.hear({octet}) == 1U);
    }
  }
  CHECK(talk.handshake->is_done());
}

TEST_CASE("HTTP CONNECT: credentials go in Base64 (RFC 7617)") {
  for (const auto& [user, password, coded] : {std::tuple{"a", "", "YTo="},
                                              {"me", "x", "bWU6eA=="},
                                              {"Aladdin", "open sesame", "QWxhZGRpbjpvcGVuIHNlc2FtZQ=="}}) {
    Talk talk({proxy(ProxyKind::http, user, password), named, "alone"});
    CHECK(talk.said() == "CONNECT dns.example:443 HTTP/1.1\r\nHost: dns.example:443\r\nProxy-Authorization: Basic "s +
                             coded + "\r\n\r\n");
  }
}

TEST_CASE("HTTP CONNECT: each refusal says what to do, and none can steer a terminal") {
  struct Row {
    ProxyConfig proxy;
    std::string reply;
    Fault fault;
    std::string words;
  };
  const auto open = proxy(ProxyKind::http), login = proxy(ProxyKind::http, "me", "secret");
  const std::vector<Row> rows{
      {open, "HTTP/1.1 407 Proxy Authentication Required\r\n", Fault::invalid_config, "give them in `proxy"},
      {login, "HTTP/1.1 407 Proxy Authentication Required\r\n", Fault::invalid_config, "refuses the user name"},
      {open, "HTTP/1.1 403 Forbidden\r\n", Fault::unreachable, "\"403 Forbidden\": its rules may forbid"},
      {open, "HTTP/1.1 503 \x1b[2J\r\n", Fault::unreachable, "\"503 \\x1b[2J\""},
      {open, "\x05\xff"s, Fault::protocol, "no HTTP/1.1"},
      {open, "SSH-2.0-OpenSSH_9.2\r\n", Fault::protocol, "no HTTP/1.1"},
      {open, "HTTP/1.1 2000 OK\r\n", Fault::protocol, "no HTTP/1.1"},
      {open, "HTTP/1.1 \r\n", Fault::protocol, "no HTTP/1.1"},
      {open, "HTTP/1.1 200 OK\r\nA: " + std::string(9000, 'x'), Fault::protocol, "too long"},
  };
  for (const Row& row : rows) {
    Talk talk({row.proxy, v4, "alone"});
    const auto heard = talk.hear(row.reply);
    REQUIRE_MESSAGE(!heard, row.reply);
    CHECK_MESSAGE(heard.error().fault == row.fault, row.reply);
    CHECK_MESSAGE(heard.error().detail.contains(row.words), heard.error().detail);
    CHECK_FALSE(heard.error().detail.contains("secret"));
    CHECK_FALSE(heard.error().detail.contains('\x1b'));
  }
}
