#include "control/http_site.hpp"

#include <doctest/doctest.h>

#include <new>

using namespace tacet;

namespace {

const std::string end = "\r\n\r\n";

/// What a site with one page answers.
std::string answer(const std::string& octets) {
  HttpSite site{.routes = {}, .is_ours = [](std::string_view host) { return host == "localhost"; }, .patience = {}};
  site.routes["GET /page"] = [](const HttpRequest& request) {
    return HttpReply{200, request.get("say"), "text/plain"};
  };
  site.routes["GET /large"] = [](const HttpRequest&) -> HttpReply { throw std::bad_alloc(); };
  return http_answer(site, octets).value_or("");
}

std::string status_of(const std::string& octets) {
  const std::string text = answer(octets);
  REQUIRE(text.starts_with("HTTP/1.1 "));
  return text.substr(9, text.find("\r\n") - 9);
}

}  // namespace

TEST_CASE("an answer has a status, a type, a length and a body, and is the last one") {
  CHECK(answer("GET /page?say=hello HTTP/1.1\r\nHost: localhost" + end) ==
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello");
}

TEST_CASE("a request is answered once its head is whole, and not a word before") {
  const std::string request = "GET /page HTTP/1.1\r\nHost: localhost" + end;
  for (std::size_t size = 0; size < request.size(); ++size) CHECK(answer(request.substr(0, size)).empty());
  CHECK(status_of(request) == "200 OK");
}

TEST_CASE("a request for a range, however long, gets the whole (RFC 9110 §14.2)") {
  const std::string line = "GET /page?say=hello HTTP/1.1\r\n";
  const std::string whole = answer(line + end);
  CHECK(answer(line + "Range: bytes=0-1" + end) == whole);
  CHECK(answer(line + "rANGE: bytes=" + std::string(8000, '0') + "-" + end) == whole);
}

TEST_CASE("what a web page could have caused is refused, and so is a second Host") {
  const std::string line = "GET /page HTTP/1.1\r\n";
  for (const auto* fields : {"Host: www.example.com", "Host: localhost\r\nOrigin: null",
                             "Host: localhost\r\norigin:", "Host: localhost\r\nHost: localhost", "hOST:"}) {
    CAPTURE(fields);
    CHECK(status_of(line + fields + end) == "403 Forbidden");
  }
  CHECK(status_of(line + "Content-Length: 0" + end) == "200 OK");
}

TEST_CASE("what another site embeds is refused, and a link from there may be followed") {
  const std::string line = "GET /page HTTP/1.1\r\nHost: localhost\r\n";
  for (const auto* fields : {"Sec-Fetch-Site: cross-site", "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Dest: image",
                             "Sec-Fetch-Site: same-site\r\nSec-Fetch-Dest: iframe"})
    CHECK(status_of(line + fields + end) == "403 Forbidden");
  for (const auto* fields : {"Sec-Fetch-Site: cross-site\r\nSec-Fetch-Dest: document", "Sec-Fetch-Site: none",
                             "Sec-Fetch-Site: same-origin\r\nSec-Fetch-Dest: empty"})
    CHECK(status_of(line + fields + end) == "200 OK");
}

TEST_CASE("what else is wrong with a request is told by its status") {
  const std::string line = "GET /page HTTP/1.1\r\n";
  CHECK(status_of(line + "Content-Length: 1" + end) == "413 Content Too Large");
  CHECK(status_of(line + "Transfer-Encoding: chunked" + end) == "413 Content Too Large");
  CHECK(status_of(line + "no field" + end) == "400 Bad Request");
  CHECK(status_of("GET /pages HTTP/1.1" + end) == "404 Not Found");
  CHECK(status_of("POST /pages HTTP/1.1" + end) == "404 Not Found");
  CHECK(status_of("GET /large HTTP/1.1" + end) == "503 Service Unavailable");
  CHECK(answer(line + "X: " + std::string(HttpSite::head_limit - 100, 'x')).empty());
  CHECK(status_of(line + "X: " + std::string(HttpSite::head_limit, 'x') + end) ==
        "431 Request Header Fields Too Large");
  CHECK(status_of(std::string(HttpSite::head_limit, 'x')) == "431 Request Header Fields Too Large");
}

TEST_CASE("a method that a path does not have is refused, with the ones that it has") {
  for (const std::string method : {"POST", "OPTIONS", "HEAD", "PUT", "DELETE", "TRACE", "get"}) {
    CAPTURE(method);
    CHECK(status_of(method + " /page HTTP/1.1" + end) == "405 Method Not Allowed");
    CHECK(answer(method + " /page HTTP/1.1" + end).contains("\r\nAllow: GET\r\n"));
  }
}

TEST_CASE("the fields of a site are in every answer, also in refusals") {
  HttpSite site{.routes = {},
                .is_ours = [](std::string_view host) { return host == "localhost"; },
                .fields = "A: b\r\n",
                .patience = {}};
  site.routes["GET /page"] = [](const HttpRequest&) { return HttpReply{}; };
  for (const std::string request : {"GET /page HTTP/1.1", "GET / HTTP/1.1", "GET /page HTTP/1.1\r\nHost: x", "x"})
    CHECK(http_answer(site, request + end).value_or("").contains("\r\nA: b\r\n"));
}
