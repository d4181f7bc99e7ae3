#include "transport/http/http.hpp"

#include <doctest/doctest.h>

using namespace tacet;

namespace {
UpstreamConfig upstream(std::string host, std::string path) {
  UpstreamConfig config;
  config.host = std::move(host);
  config.path = std::move(path);
  config.port = 8443;
  return config;
}
}  // namespace

TEST_CASE("a query is appended to the URL as the parameter dns") {
  const SocketAddress address{.address = "192.0.2.1", .port = 8443};
  CHECK(http_target(upstream("dns.test", "/dns-query"), address).path_of_get() == "/dns-query?dns=");
  CHECK(http_target(upstream("dns.test", "/q?user=1"), address).path_of_get() == "/q?user=1&dns=");
  CHECK(http_target(upstream("2001:db8::1", "/"), address).path_of_get() == "/?dns=");
  CHECK(http_target(upstream("2001:db8::1", "/"), address).origin == "https://[2001:db8::1]:8443");
  CHECK(http_target(upstream("fe80::1%eth0", "/"), address).origin == "https://[fe80::1]:8443");
  CHECK(http_target(upstream("dns.test", "/"), address).origin == "https://dns.test:8443");
}

TEST_CASE("a name resolves to the one address that the socket is connected to") {
  const auto config = upstream("dns.test", "/dns-query");
  CHECK(http_target(config, {"192.0.2.1", 8443}).resolution() == "dns.test:8443:192.0.2.1");
  CHECK(http_target(config, {"2001:db8::1", 8443}).resolution() == "dns.test:8443:[2001:db8::1]");
  CHECK(http_target(config, {"fe80::1%eth0", 8443}).resolution() == "dns.test:8443:[fe80::1]");
}

TEST_CASE("the HTTP library says what it is and speaks HTTP/2") {
  CHECK(http_library_version().starts_with("libcurl "));
  CHECK(http_features().http2);
}
