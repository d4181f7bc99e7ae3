#include "privacy/exposure_log.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <functional>

#include "base/log.hpp"

using namespace tacet;
using namespace std::chrono_literals;

namespace {

const Instant start{24h};

/// What `action` wrote to standard error.
std::string written_by(const std::function<void()>& action) {
  std::FILE* file = std::tmpfile();
  REQUIRE(file != nullptr);
  const int kept = ::dup(STDERR_FILENO);
  ::dup2(::fileno(file), STDERR_FILENO);
  log::start(LogLevel::info);
  action();
  std::fflush(stderr);
  ::dup2(kept, STDERR_FILENO);
  ::close(kept);
  std::rewind(file);
  std::array<char, 8192> text{};
  const std::size_t size = std::fread(text.data(), 1, text.size(), file);
  std::fclose(file);
  return {text.data(), size};
}

UpstreamConfig doh() {
  UpstreamConfig config;
  config.url = "https://dns.example/dns-query";
  config.host = "dns.example";
  config.path = "/dns-query";
  config.addresses = {"192.0.2.1"};
  return config;
}

ConnectionFacts facts(Transport transport, std::string address, std::string sni) {
  ConnectionFacts made;
  made.transport = transport;
  made.address = std::move(address);
  made.sni = std::move(sni);
  return made;
}

std::string said(const UpstreamConfig& upstream, const ConnectionFacts& connection) {
  ExposureLog exposure({}, start);
  return written_by([&] { exposure.established(upstream, connection, start); });
}

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("A name sent in clear is warned of, with what was sent, where, and what would avoid it") {
  const std::string text = said(doh(), facts(Transport::doh, "192.0.2.1:443", "dns.example"));
  CHECK(contains(text, "warn"));
  CHECK(contains(text, "its name dns.example is sent in clear"));
  CHECK(contains(text, "192.0.2.1:443"));
  CHECK(contains(text, "(https://192.0.2.1/dns-query)"));
  CHECK(contains(text, "sni: omit"));
}

TEST_CASE("The way out that the warning names keeps an unusual port, and fits DoT and IPv6") {
  CHECK(contains(said(doh(), facts(Transport::doh, "192.0.2.1:8443", "dns.example")),
                 "(https://192.0.2.1:8443/dns-query)"));
  UpstreamConfig dot = doh();
  dot.url = "tls://dns.example";
  CHECK(contains(said(dot, facts(Transport::dot, "[2001:db8::1]:853", "dns.example")), "(tls://[2001:db8::1])"));
  CHECK(contains(said(dot, facts(Transport::dot, "192.0.2.1:443", "dns.example")), "(tls://192.0.2.1:443)"));
}

TEST_CASE("Where no name is sent that is said, as information") {
  const std::string text = said(doh(), facts(Transport::doh, "192.0.2.1:443", ""));
  CHECK(contains(text, "info"));
  CHECK(!contains(text, "warn"));
  CHECK(contains(text, "no SNI"));
}

TEST_CASE("Where no name is sent, but TLS 1.2 sends the certificate in clear, that is warned of") {
  ConnectionFacts connection = facts(Transport::dot, "192.0.2.1:853", "");
  connection.tls_version = "TLSv1.2";
  const std::string text = said(doh(), connection);
  CHECK(contains(text, "warn"));
  CHECK(contains(text, "comes in clear from 192.0.2.1:853"));
  CHECK(!contains(text, "only the address"));
}

TEST_CASE("Of a proxy it is said what it sees and what the network sees, and that it gets a password in clear") {
  UpstreamConfig upstream = doh();
  upstream.proxy = {
      .kind = ProxyKind::socks5, .address = {.address = "127.0.0.1", .port = 1080}, .user = "me", .password = "pw"};
  ConnectionFacts connection = facts(Transport::doh, "192.0.2.1:443", "");
  connection.proxy = "socks5://127.0.0.1:1080";
  const std::string local = said(upstream, connection);
  CHECK(contains(local, "socks5://127.0.0.1:1080 on this machine: the proxy sees 192.0.2.1:443"));
  CHECK(!contains(local, "password"));
  upstream.proxy.address.address = "192.0.2.8";
  connection.proxy = "socks5://192.0.2.8:1080";
  const std::string remote = said(upstream, connection);
  CHECK(contains(remote, "the network sees the proxy's address"));
  CHECK(contains(remote, "travel in clear"));
  CHECK(!contains(remote, "pw"));
}

TEST_CASE("A name that a proxy looks up was looked up by nobody here, and its warning names no address") {
  UpstreamConfig upstream = doh();
  upstream.addresses.clear();
  ConnectionFacts connection = facts(Transport::doh, "dns.example:443", "dns.example");
  connection.proxy = "socks5://127.0.0.1:1080";
  const std::string text = said(upstream, connection);
  CHECK(!contains(text, "looked up in plaintext"));
  CHECK(contains(text, "To send no name, set sni: omit"));
}

TEST_CASE("It is said once per upstream and again after a day") {
  ExposureLog exposure({}, start);
  const auto connection = facts(Transport::doh, "192.0.2.1:443", "dns.example");
  const auto lines = [&](const UpstreamConfig& upstream, Instant now) {
    const std::string text = written_by([&] { exposure.established(upstream, connection, now); });
    return std::count(text.begin(), text.end(), '\n');
  };
  UpstreamConfig other = doh();
  other.url = "https://other.example/dns-query";
  CHECK(lines(doh(), start) == 1);
  CHECK(lines(doh(), start + 1s) == 0);
  CHECK(lines(other, start + 1s) == 1);
  CHECK(lines(doh(), start + 24h - 1s) == 0);
  CHECK(lines(doh(), start + 24h) == 1);
  CHECK(lines(doh(), start + 24h + 1s) == 0);
}

TEST_CASE("A host name that had to be looked up is warned of, a pinned one and an address are not") {
  UpstreamConfig unpinned = doh();
  unpinned.addresses.clear();
  const auto connection = facts(Transport::doh, "[2001:db8::1]:443", "");
  CHECK(contains(said(unpinned, connection), "dns.example was looked up in plaintext"));
  CHECK(contains(said(unpinned, connection), "[\"2001:db8::1\"]"));
  CHECK(!contains(said(doh(), connection), "looked up"));
  unpinned.host_is_address = true;
  CHECK(!contains(said(unpinned, connection), "looked up"));
}
