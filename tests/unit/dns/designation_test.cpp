#include "dns/designation.hpp"

#include <doctest/doctest.h>

#include "dns/svcb.hpp"

namespace tacet {
namespace {

Name name(std::string_view text) { return Name::from_text(text).value(); }

std::string text_of(Bytes octets) { return {octets.begin(), octets.end()}; }

}  // namespace

TEST_CASE("the record of a DoH resolver has ALPN, port, address and path in the order of their keys (RFC 9460, 9461)") {
  const auto record = designation_record({true, 8443, name("dns.example"), {192, 168, 1, 2}}, 1);
  CHECK(record.owner == name("_dns.resolver.arpa"));
  CHECK(record.type == Type::svcb);
  const auto parsed = parse_service_binding(record.rdata);
  REQUIRE(parsed);
  CHECK(parsed->priority == 1);
  CHECK(parsed->target == name("dns.example"));
  CHECK(text_of(parsed->find(svc_param::alpn).value()) == "\2h2");
  CHECK(text_of(parsed->find(svc_param::port).value()) == "\x20\xfb");
  CHECK(text_of(parsed->find(svc_param::ipv4hint).value()) == "\xc0\xa8\1\2");
  CHECK(text_of(parsed->find(svc_param::dohpath).value()) == "/dns-query{?dns}");
}

TEST_CASE("the record of a DoT resolver has no path") {
  const auto record = designation_record({false, 853, name("dns.example"), std::vector<std::uint8_t>(16, 1)}, 2);
  const auto parsed = parse_service_binding(record.rdata);
  REQUIRE(parsed);
  CHECK(text_of(parsed->find(svc_param::alpn).value()) == "\3dot");
  CHECK(parsed->find(svc_param::ipv6hint)->size() == 16);
  CHECK(!parsed->find(svc_param::dohpath));
}

}  // namespace tacet
