#include "doctor/upstream_checks.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace tacet;

namespace {

ReachTry a_try(Transport transport, const std::string& address, std::optional<Fault> trouble = {}) {
  const bool dot = transport == Transport::dot;
  ReachTry made{.entry = dot ? 1U : 0U,
                .upstream = dot ? "tls://1.1.1.1" : "https://cloudflare-dns.com/dns-query",
                .operator_name = "cloudflare",
                .transport = transport,
                .address = address,
                .port = static_cast<std::uint16_t>(dot ? 853 : 443),
                .is_ipv6 = address.find(':') != std::string::npos,
                .round_trip = std::chrono::milliseconds(12)};
  if (trouble) made.trouble = Error{*trouble, "as the test says"};
  return made;
}

ReachTry without_sni(ReachTry made) {
  made.without_sni = true;
  return made;
}

UpstreamEvidence evidence(std::vector<ReachTry> tries, bool plain_passes = true) {
  return {.tries = std::move(tries), .has_ipv4_route = true, .has_ipv6_route = true, .plain_dns_passes = plain_passes};
}

constexpr auto doh = Transport::doh, dot = Transport::dot;

}  // namespace

TEST_CASE("Upstreams that all answer are well") {
  const auto found = judge_reach(evidence({a_try(doh, "1.1.1.1"), a_try(dot, "1.1.1.1")}));
  REQUIRE(found.size() == 2);
  CHECK(found[0].severity == Severity::ok);
  CHECK(found[1].severity == Severity::ok);
  CHECK(exit_status(found) == 0);
}

TEST_CASE("A port that no address lets through is named") {
  const auto found =
      judge_reach(evidence({a_try(doh, "1.1.1.1"), a_try(doh, "1.0.0.1"), a_try(dot, "1.1.1.1", Fault::timeout),
                            a_try(dot, "1.0.0.1", Fault::timeout)}));
  REQUIRE(found.size() == 2);
  CHECK(found[0].severity == Severity::ok);
  CHECK(found[1].severity == Severity::warning);
  CHECK(found[1].means == "this network blocks port 853");
}

TEST_CASE("A name in the greeting that is blocked is told from a blocked address") {
  const auto named = judge_reach(
      evidence({a_try(doh, "1.1.1.1", Fault::unreachable), without_sni(a_try(doh, "1.1.1.1")), a_try(dot, "1.1.1.1")}));
  REQUIRE(named.size() == 2);
  CHECK(named[0].severity == Severity::warning);
  CHECK(named[0].means.find("name in the greeting") != std::string::npos);
  const auto address = judge_reach(evidence({a_try(doh, "1.1.1.1", Fault::timeout), a_try(doh, "1.0.0.1")}));
  REQUIRE(address.size() == 1);
  CHECK(address[0].severity == Severity::note);
  CHECK(address[0].means.find("does not reach 1.1.1.1") != std::string::npos);
}

TEST_CASE("A dead IPv6 is no block") {
  const auto seen = evidence({a_try(doh, "1.1.1.1"), a_try(doh, "2606:4700:4700::1111", Fault::no_network)});
  CHECK(judge_reach(seen)[0].severity == Severity::note);
  const auto families = judge_families(seen);
  CHECK(families[0].severity == Severity::ok);
  CHECK(families[1].severity == Severity::warning);
  auto no_route = seen;
  no_route.has_ipv6_route = false;
  CHECK(judge_families(no_route)[1].severity == Severity::note);
}

TEST_CASE("Where nothing encrypted works, one finding says why") {
  const std::vector<ReachTry> silent{a_try(doh, "1.1.1.1", Fault::timeout), a_try(dot, "1.1.1.1", Fault::timeout)};
  const auto blocked = judge_reach(evidence(silent));
  REQUIRE(blocked.size() == 1);
  CHECK(blocked[0].severity == Severity::failure);
  const auto no_network = judge_reach(evidence(silent, false));
  REQUIRE(no_network.size() == 1);
  CHECK(no_network[0].severity == Severity::unknown);
  const auto portal = judge_reach(evidence({a_try(doh, "1.1.1.1", Fault::tls_untrusted)}));
  CHECK(portal[0].severity == Severity::failure);
  CHECK(portal[0].means.find("portal") != std::string::npos);
}

TEST_CASE("An authority that only this machine trusts reads along") {
  auto seen = evidence({a_try(doh, "1.1.1.1"), a_try(dot, "1.1.1.1")});
  seen.with_mozilla_roots = {a_try(doh, "1.1.1.1", Fault::tls_untrusted), a_try(dot, "1.1.1.1")};
  CHECK(judge_tls(seen)[0].severity == Severity::failure);
  seen.with_mozilla_roots.front() = a_try(doh, "1.1.1.1");
  CHECK(judge_tls(seen)[0].severity == Severity::ok);
  seen.with_mozilla_roots.front() = a_try(doh, "1.1.1.1", Fault::timeout);
  CHECK(judge_tls(seen)[0].severity == Severity::ok);
  seen.with_mozilla_roots.clear();
  CHECK(judge_tls(seen)[0].severity == Severity::unknown);
}

TEST_CASE("The site, the name in the greeting and the padding are told of upstreams that answer") {
  auto shown = a_try(doh, "1.1.1.1");
  shown.site = "FRA";
  ConnectionFacts facts;
  facts.sni = "cloudflare-dns.com";
  shown.facts = std::make_shared<const ConnectionFacts>(facts);
  const auto seen = evidence({shown, a_try(dot, "1.1.1.1", Fault::timeout)});
  const auto sites = judge_sites(seen);
  REQUIRE(sites.size() == 1);
  CHECK(sites[0].seen.find("at FRA") != std::string::npos);
  const auto greeting = judge_greeting(seen);
  REQUIRE(greeting.size() == 2);
  CHECK(greeting[0].seen.find("cloudflare-dns.com") != std::string::npos);
  CHECK(greeting[1].severity == Severity::note);
}

TEST_CASE("A port is blocked where the address answers at another port") {
  auto failed = a_try(dot, "9.9.9.9", Fault::timeout);
  failed.port = 853;
  const auto means = [&] { return judge_reach(evidence({a_try(doh, "1.1.1.1"), failed})).back().means; };
  CHECK(means().find("blocks port") == std::string::npos);
  failed.reached_elsewhere = true;
  CHECK(means().find("blocks port 853") != std::string::npos);
}

TEST_CASE("A server that takes connections and is slow is no block") {
  auto slow = a_try(dot, "9.9.9.9", Fault::timeout);
  slow.reached_elsewhere = slow.connected = true;
  CHECK(judge_reach(evidence({a_try(doh, "1.1.1.1"), slow})).back().severity == Severity::unknown);
}

TEST_CASE("A server that resets a greeting with its name is no slow one") {
  auto named = a_try(dot, "9.9.9.9", Fault::unreachable);
  named.connected = true;
  const auto means = judge_reach(evidence({a_try(doh, "1.1.1.1"), named, without_sni(a_try(dot, "9.9.9.9"))}));
  CHECK(means.back().means.find("name in the greeting") != std::string::npos);
}

TEST_CASE("A wrong clock or a portal explains certificates that are not valid") {
  auto seen = evidence({a_try(doh, "1.1.1.1", Fault::tls_untrusted)});
  CHECK(judge_tls(seen)[0].severity == Severity::failure);
  seen.why_untrusted = "clock";
  CHECK(judge_tls(seen)[0].severity == Severity::unknown);
  CHECK(judge_reach(seen)[0].remedy == "see clock");
}
