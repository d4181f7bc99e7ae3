#include "listen/http/http_request.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace tacet;

namespace {

bool is_refused(const std::string& head) {
  const auto request = parse_http_request(head);
  return !request && request.error().fault == Fault::malformed;
}

}  // namespace

TEST_CASE("a request has a method, a path, parameters and fields") {
  const auto request =
      parse_http_request("POST /flush?name=a%2eb+c&below HTTP/1.1\r\nHost: \tlocalhost \r\nX-One:1\r\n\r\n");
  REQUIRE(request.has_value());
  CHECK(request->method == "POST");
  CHECK(request->path == "/flush");
  CHECK(request->parameters == std::multimap<std::string, std::string>{{"below", ""}, {"name", "a.b c"}});
  CHECK(request->fields == std::multimap<std::string, std::string>{{"host", "localhost"}, {"x-one", "1"}});
}

TEST_CASE("what is behind the empty line is not read") {
  const auto request = parse_http_request("GET / HTTP/1.0\r\n\r\nOrigin: x\r\n");
  REQUIRE(request.has_value());
  CHECK(request->fields.empty());
}

TEST_CASE("a request line that is not three words of HTTP/1 is refused (RFC 9112 §3)") {
  for (const auto* line :
       {"", "GET", "GET /", "GET  / HTTP/1.1", " GET / HTTP/1.1", "GET / HTTP/1.1 ", "GET / HTTP/2", "GET / http/1.1",
        "GET status HTTP/1.1", "GET ftp://localhost/ HTTP/1.1", "GET https:/// HTTP/1.1",
        "GET http://me@localhost/ HTTP/1.1", "G(T / HTTP/1.1", "GET /\tx HTTP/1.1\n", "GET /a b HTTP/1.1"}) {
    CAPTURE(line);
    CHECK(is_refused(std::string(line) + "\r\n\r\n"));
  }
}

TEST_CASE("a target in absolute form is read, and its authority counts before the Host field (RFC 9112 §3.2.2)") {
  for (const auto& [sent, target] : {std::pair{"https://Here:8453/dns-query?dns=AAAA", "/dns-query?dns=AAAA"},
                                     {"HTTP://Here:8453", "/"},
                                     {"http://Here:8453?a=b", "/?a=b"}}) {
    CAPTURE(sent);
    const auto request = parse_http_request(fmt::format("GET {} HTTP/1.1\r\nHost: elsewhere\r\n\r\n", sent));
    REQUIRE(request.has_value());
    CHECK(request->target == target);
    CHECK(request->fields == std::multimap<std::string, std::string>{{"host", "Here:8453"}});
  }
  const auto without = parse_http_request("GET http://here/ HTTP/1.1\r\n\r\n");
  REQUIRE(without.has_value());
  CHECK(without->fields.empty());
}

TEST_CASE("fields that two readers could read in two ways are refused (RFC 9112 §5)") {
  for (const auto* field : {"Host : localhost", " Host: localhost", "Host", ": x", "Ho st: x", "X: a\nOrigin: b",
                            "X: a\rb", "X: \x01", "X: a\x7f"}) {
    CAPTURE(field);
    CHECK(is_refused(std::string("GET / HTTP/1.1\r\nA: b\r\n") + field + "\r\n\r\n"));
  }
  CHECK(is_refused(std::string("GET / HTTP/1.1\r\nX: a\0b\r\n\r\n", 27)));
}

TEST_CASE("a list is read word by word, in any case, from all fields of its name (RFC 9110 §5.6.1)") {
  const auto request = parse_http_request(
      "GET / HTTP/1.1\r\nConnection: TE ,, Close\r\nCONNECTION: keep-alive\r\nExpect: 100-continue\r\nX: "
      "close-not\r\n");
  REQUIRE(request.has_value());
  for (const auto* word : {"te", "close", "Keep-Alive"}) CHECK(request->lists("connection", word));
  CHECK(request->lists("expect", "100-continue"));
  CHECK_FALSE(request->lists("connection", "upgrade"));
  CHECK_FALSE(request->lists("x", "close"));
  CHECK_FALSE(request->lists("none", "close"));
}

TEST_CASE("a query whose octets are not spelled out is refused") {
  for (const auto* query : {"%", "a=%4", "a=%zz", "%+1=a", "a=%-1"})
    CHECK(is_refused("GET /?" + std::string(query) + " HTTP/1.1\r\n"));
}

TEST_CASE("every octet survives a query") {
  std::string all;
  for (int octet = 0; octet < 256; ++octet) all += static_cast<char>(octet);
  const std::string encoded = percent_encoded(all);
  CHECK(encoded.starts_with("%00%01"));
  CHECK(encoded.find("%2C-.%2F0123456789%3A") != std::string::npos);
  const auto request = parse_http_request("GET /?x=" + encoded + " HTTP/1.1\r\n\r\n");
  REQUIRE(request.has_value());
  CHECK(request->get("x") == all);
}
