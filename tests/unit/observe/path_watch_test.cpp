#include "observe/path_watch.hpp"

#include <doctest/doctest.h>

using namespace tacet;

namespace {

constexpr Instant start = Instant(std::chrono::hours(1));

UpstreamConfig upstream(const char* url, std::uint16_t port, const char* operator_name) {
  UpstreamConfig made;
  made.url = url;
  made.port = port;
  made.operator_name = operator_name;
  return made;
}

const UpstreamConfig doh = upstream("https://one/", 443, "one"), dot = upstream("tls://one", 853, "one"),
                     other_dot = upstream("tls://two", 853, "two"), other_doh = upstream("https://two/", 443, "two");
const Error untrusted{Fault::tls_untrusted, "is not trusted"}, silent{Fault::timeout, "no answer"};

std::vector<InterferenceKind> kinds(const PathWatch& watch) {
  std::vector<InterferenceKind> found;
  for (const Interference& each : watch.interferences()) found.push_back(each.kind);
  return found;
}

void fail_often(PathWatch& watch, const UpstreamConfig& which) {
  for (int i = 0; i < 3; ++i) watch.failed(which, silent, start);
}

using Kinds = std::vector<InterferenceKind>;

}  // namespace

TEST_CASE("A server without a valid certificate is an interference until the right one answers") {
  PathWatch watch({doh, dot});
  watch.established(doh, start);
  watch.failed(dot, untrusted, start);
  CHECK(kinds(watch) == Kinds{InterferenceKind::tls});
  CHECK(watch.interferences().front().words.find("tls://one (is not trusted)") != std::string::npos);
  watch.established(dot, start);
  CHECK(kinds(watch).empty());
}

TEST_CASE("If no upstream has a valid certificate, it is a portal") {
  PathWatch watch({doh, other_dot});
  watch.failed(doh, untrusted, start);
  CHECK(kinds(watch) == Kinds{InterferenceKind::tls});
  watch.failed(other_dot, untrusted, start);
  CHECK(kinds(watch) == Kinds{InterferenceKind::portal});
  watch.network_changed();
  CHECK(kinds(watch).empty());
}

TEST_CASE("A silent port is blocked where its operator answers at another one, or others are silent there") {
  PathWatch watch({doh, dot, other_dot});
  watch.established(doh, start);
  watch.failed(dot, silent, start);
  CHECK(kinds(watch).empty());  // a lossy network has one now and then
  fail_often(watch, dot);
  CHECK(kinds(watch) == Kinds{InterferenceKind::port});
  watch.established(other_dot, start);
  CHECK(kinds(watch).empty());  // the port works, so the server is down

  PathWatch apart({doh, other_dot});
  apart.established(doh, start);
  fail_often(apart, other_dot);
  CHECK(kinds(apart).empty());  // one operator that is down

  PathWatch outage({doh, dot});
  fail_often(outage, doh);
  fail_often(outage, dot);
  CHECK(kinds(outage).empty());
}

TEST_CASE("IPv6 that loses its race is dead until it wins one") {
  PathWatch watch({doh});
  watch.lost_ipv6(doh, start);
  CHECK(kinds(watch) == Kinds{InterferenceKind::ipv6});
  watch.established(doh, start);
  CHECK(kinds(watch).empty());
}

TEST_CASE("What is behind a proxy says nothing of the network") {
  auto proxied = dot;
  proxied.proxy.kind = ProxyKind::socks5;
  PathWatch watch({doh, dot, proxied});
  watch.established(doh, start);
  watch.failed(proxied, untrusted, start);
  fail_often(watch, proxied);
  CHECK(kinds(watch).empty());
}

TEST_CASE("Only configured upstreams are watched, and a reload keeps what is known of the others") {
  PathWatch watch({doh, dot});
  watch.established(doh, start);
  watch.failed(other_doh, untrusted, start);
  CHECK(kinds(watch).empty());
  watch.failed(dot, untrusted, start);
  watch.use({doh});
  CHECK(kinds(watch).empty());
  watch.use({doh, dot});
  watch.failed(dot, untrusted, start);
  CHECK(kinds(watch) == Kinds{InterferenceKind::tls});
}
