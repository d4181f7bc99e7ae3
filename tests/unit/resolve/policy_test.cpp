#include "resolve/policy.hpp"

#include <doctest/doctest.h>

#include "unit/pool/resolve_fixture.hpp"

using namespace tacet;
using namespace tacet::fixture;

namespace {

const Policy policy{Config{}};

std::optional<AnswerImage> ask(std::string_view name, Type type = Type::a) {
  return policy.local_answer(question(name, type));
}

bool is_ours(std::string_view name, Type type = Type::a) { return ask(name, type).has_value(); }
bool nxdomain(std::string_view name, Type type = Type::a) {
  const auto image = ask(name, type);
  return image && image->kind == AnswerKind::nxdomain;
}
bool nodata(std::string_view name, Type type = Type::a) {
  const auto image = ask(name, type);
  return image && image->kind == AnswerKind::nodata && message(*image).rcode() == Rcode::noerror;
}

std::vector<std::uint8_t> first_rdata(const AnswerImage& image) {
  const Message whole = message(image);
  const auto records = whole.records();
  REQUIRE(!records.empty());
  const Bytes rdata = whole.rdata(records.front());
  return {rdata.begin(), rdata.end()};
}

std::string reverse_of_v4(int a, int b) {
  return "4.3." + std::to_string(b) + "." + std::to_string(a) + ".in-addr.arpa";
}

}  // namespace

TEST_CASE("localhost and all below it are the loopback addresses, in any case") {
  for (const auto* name : {"localhost", "LocalHost", "deep.below.LOCALHOST"}) {
    CAPTURE(name);
    CHECK(first_rdata(*ask(name)) == std::vector<std::uint8_t>{127, 0, 0, 1});
    CHECK(first_rdata(*ask(name, Type::aaaa)) ==
          std::vector<std::uint8_t>{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
    CHECK(message(*ask(name, Type::any)).index().answers == 2);
    for (const Type type : {Type::mx, Type::https, Type::txt, Type::ds, Type::soa}) CHECK(nodata(name, type));
  }
  CHECK(!is_ours("localhost.example"));
  CHECK(!is_ours("alocalhost.example"));
}

TEST_CASE("Special-use zones do not exist, neither they nor what is below, for any type and case") {
  for (const std::string zone : {"invalid", "test", "onion", "local", "internal", "alt", "use-application-dns.net",
                                 "Use-Application-DNS.Net", "ONION", "ALT"}) {
    CAPTURE(zone);
    for (const Type type : {Type::a, Type::aaaa, Type::https, Type::mx, Type::ds, Type::any, Type{4711}}) {
      CHECK(nxdomain(zone, type));
      CHECK(nxdomain("www." + zone, type));
    }
    CHECK(!is_ours("x" + zone + ".example"));
  }
  CHECK(!is_ours("xuse-application-dns.net"));
  CHECK(!is_ours("application-dns.net"));
}

TEST_CASE("A name that does not exist says so with an SOA, so that the answer can be kept") {
  const Message gone = message(*ask("www.onion"));
  REQUIRE(gone.records().size() == 1);
  CHECK(gone.records()[0].type == Type::soa);
  CHECK(gone.records()[0].section == Section::authority);
  CHECK(gone.name_at(gone.records()[0].owner).to_string() == "onion.");
}

TEST_CASE("home.arpa and service.arpa are empty here, but their DS are the parent's to answer") {
  for (const std::string zone : {"home.arpa", "service.arpa", "HOME.Arpa"}) {
    CHECK(nodata(zone));
    CHECK(nxdomain("router." + zone));
    CHECK(!is_ours(zone, Type::ds));
    CHECK(nxdomain("router." + zone, Type::ds));
  }
  CHECK(!is_ours("arpa.", Type::ds));
}

TEST_CASE("resolver.arpa is never asked upstream, and all of it is NODATA: there are no designated resolvers") {
  for (const auto* name : {"resolver.arpa", "_dns.resolver.arpa", "_DNS.Resolver.ARPA", "_dns._other.resolver.arpa",
                           "_1234._dns.resolver.arpa", "anything.below.resolver.arpa"}) {
    CAPTURE(name);
    for (const Type type : {Type::svcb, Type::a, Type::aaaa, Type::https, Type::txt, Type::ds}) {
      REQUIRE(nodata(name, type));
      const Message none = message(*ask(name, type));
      REQUIRE(none.records().size() == 1);
      CHECK(none.name_at(none.records()[0].owner) == question("resolver.arpa").name);
    }
  }
  CHECK(nodata("_dns.resolver.arpa", Type::soa));
  CHECK(nodata("_dns.resolver.arpa", Type::any));
  CHECK(ask("resolver.arpa", Type::soa)->kind == AnswerKind::positive);
}

TEST_CASE("An empty zone has its SOA and its NS at its name, and nothing else") {
  const Message soa = message(*ask("10.in-addr.arpa", Type::soa));
  CHECK(soa.index().answers == 1);
  CHECK(soa.records().front().type == Type::soa);
  const Message ns = message(*ask("10.in-addr.arpa", Type::ns));
  CHECK(ns.index().answers == 1);
  CHECK(ns.records().front().type == Type::ns);
  CHECK(message(*ask("10.in-addr.arpa", Type::any)).index().answers == 2);
  CHECK(nodata("10.in-addr.arpa", Type::ptr));
  CHECK(nodata("10.in-addr.arpa", Type::txt));
}

TEST_CASE("Reverse names of private IPv4 addresses stay here, and no others do") {
  const auto is_private = [](int a, int b) {
    return a == 0 || a == 10 || a == 127 || (a == 169 && b == 254) || (a == 172 && b >= 16 && b <= 31) ||
           (a == 192 && b == 168) || (a == 100 && b >= 64 && b <= 127);
  };
  for (int a = 0; a < 256; ++a)
    for (int b = 0; b < 256; ++b)
      if (nxdomain(reverse_of_v4(a, b), Type::ptr) != is_private(a, b)) FAIL_CHECK(a, ".", b, ".3.4");
  CHECK(nxdomain("7.2.0.192.in-addr.arpa", Type::ptr));
  CHECK(nxdomain("7.100.51.198.in-addr.arpa", Type::ptr));
  CHECK(nxdomain("7.113.0.203.in-addr.arpa", Type::ptr));
  CHECK(nodata("255.255.255.255.in-addr.arpa", Type::ptr));
  CHECK(!is_ours("254.255.255.255.in-addr.arpa", Type::ptr));
  CHECK(!is_ours("in-addr.arpa", Type::ns));
  CHECK(!is_ours("172.in-addr.arpa", Type::ns));
}

TEST_CASE("Reverse names of private IPv6 addresses stay here") {
  for (const auto* zone : {"d.f.ip6.arpa", "8.e.f.ip6.arpa", "9.e.f.ip6.arpa", "A.E.F.IP6.ARPA", "b.e.f.ip6.arpa",
                           "8.b.d.0.1.0.0.2.ip6.arpa"}) {
    CHECK(nodata(zone, Type::ptr));
    CHECK(nxdomain("1.2.3." + std::string(zone), Type::ptr));
  }
  CHECK(!is_ours("c.e.f.ip6.arpa", Type::ptr));
  CHECK(!is_ours("7.b.d.0.1.0.0.2.ip6.arpa", Type::ptr));
}

TEST_CASE("Reverse names of the loopback addresses are localhost") {
  std::string zeros;
  for (int i = 0; i < 31; ++i) zeros += "0.";
  const Name localhost = Name::from_text("localhost").value();
  for (const std::string& name : {std::string("1.0.0.127.in-addr.arpa"), "1." + zeros + "ip6.arpa"}) {
    CHECK(first_rdata(*ask(name, Type::ptr)) ==
          std::vector<std::uint8_t>(localhost.wire().begin(), localhost.wire().end()));
    CHECK(nodata(name, Type::a));
  }
  CHECK(nodata("0.0.127.in-addr.arpa", Type::ptr));
  CHECK(nodata("0.127.in-addr.arpa", Type::ptr));
  CHECK(nxdomain("2.0.0.127.in-addr.arpa", Type::ptr));
  CHECK(nxdomain("1.127.in-addr.arpa", Type::ptr));
  CHECK(nodata("0." + zeros + "ip6.arpa", Type::ptr));
}

TEST_CASE("A single label is no host name outside, but the root's own business passes") {
  for (const Type type : {Type::a, Type::aaaa, Type::https, Type::svcb}) {
    for (const auto* name : {"printer", "COM", "museum", "ac", "xn--p1ai", "XN--VERMGENSBERATUNG-PWB"}) {
      CAPTURE(name);
      CHECK(nodata(name, type));
    }
    CHECK(!is_ours(".", type));
  }
  for (const Type type : {Type::ds, Type::ns, Type::soa, Type::dnskey, Type::txt}) {
    CHECK(!is_ours("com", type));
    CHECK(!is_ours("nas2", type));
    CHECK(!is_ours(".", type));
  }
}

TEST_CASE("A single label does not exist only where no top-level domain can have that name") {
  for (const auto* name : {"nas2", "my-printer", "x", "4", "_dns", "desktop-4f2k1", "xn--", "12345", "a_b"}) {
    CAPTURE(name);
    for (const Type type : {Type::a, Type::aaaa, Type::https, Type::svcb}) CHECK(nxdomain(name, type));
  }
}

TEST_CASE("What is said of a single label is no word of that domain, nor an authority's") {
  for (const auto* name : {"com", "nas2"}) {
    const Message denied = message(*ask(name));
    REQUIRE(denied.records().size() == 1);
    CHECK(denied.name_at(denied.records()[0].owner).is_root());
    CHECK(denied.records()[0].type == Type::soa);
    CHECK(!denied.index().has(flag::aa));
  }
}

TEST_CASE("A validator is told of a single label by the root, and of special names by us") {
  const auto told = [](std::string_view name) {
    return policy.local_answer(question(name), Policy::Client::validator).has_value();
  };
  CHECK(!told("com"));
  CHECK(!told("printer"));
  CHECK(!told("nas2"));
  for (const auto* name : {"localhost", "test", "onion", "local", "internal", "alt", "a.invalid"}) CHECK(told(name));
}

TEST_CASE("Class CH is refused, but for the server's own names where that is allowed") {
  Question asked = question("Version.Bind", Type::txt);
  asked.qclass = Class::ch;
  CHECK(message(*policy.local_answer(asked)).rcode() == Rcode::refused);
  const Policy open{Config{.answer_chaos = true}};
  const Message version = message(*open.local_answer(asked));
  CHECK(version.rcode() == Rcode::noerror);
  const auto text = first_rdata(*open.local_answer(asked));
  CHECK(std::string(text.begin() + 1, text.end()) == "tacet " TACET_VERSION);
  CHECK(version.records().front().rclass == Class::ch);
  asked.name = Name::from_text("id.server").value();
  CHECK(open.local_answer(asked)->kind == AnswerKind::positive);
  asked.type = Type::a;
  CHECK(message(*open.local_answer(asked)).rcode() == Rcode::refused);
  asked.name = Name::from_text("example.com").value();
  asked.type = Type::txt;
  CHECK(message(*open.local_answer(asked)).rcode() == Rcode::refused);
}

TEST_CASE("The cheap look never misses a name that is answered here") {
  std::vector<std::string> names{".",
                                 "com",
                                 "localhost",
                                 "test",
                                 "invalid",
                                 "onion",
                                 "local",
                                 "internal",
                                 "alt",
                                 "salt",
                                 "home.arpa",
                                 "service.arpa",
                                 "arpa",
                                 "ip6.arpa",
                                 "resolver.arpa",
                                 "in-addr.arpa",
                                 "use-application-dns.net",
                                 "net",
                                 "example.com",
                                 "1.0.0.127.in-addr.arpa",
                                 "d.f.ip6.arpa",
                                 "version.bind",
                                 "127.in-addr.arpa"};
  for (int i = 0; i < 256; ++i) names.push_back(std::to_string(i) + ".172.in-addr.arpa");
  for (std::size_t size = names.size(), i = 0; i < size; ++i) {
    names.push_back("www." + names[i]);
    names.push_back("A.b.C." + names[i]);
    std::string upper = names[i];
    for (char& c : upper) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
    names.push_back(upper);
  }
  std::size_t ours = 0;
  for (const std::string& name : names) {
    for (const Type type : {Type::a, Type::ds, Type::ptr, Type::ns, Type::any}) {
      for (const Class qclass : {Class::in, Class::ch}) {
        if (name.find("..") != std::string::npos) continue;
        std::string text = name.ends_with("..") ? name.substr(0, name.size() - 1) : name;
        Question asked = question(text, type);
        asked.qclass = qclass;
        if (!policy.local_answer(asked)) continue;
        ++ours;
        if (!policy.might_answer(asked.name.wire(), type, qclass)) FAIL_CHECK(name, " would leave");
      }
    }
  }
  CHECK(ours > 1000);
}

TEST_CASE("Whatever is answered here has a rule with a reason, and nothing else has one") {
  for (const auto& [name, zone] : {std::pair{"a.b.localhost", "localhost"},
                                   {"x.test", "test"},
                                   {"nas.local", "local"},
                                   {"1.0.168.192.in-addr.arpa", "168.192.in-addr.arpa"},
                                   {"printer", "."}}) {
    CAPTURE(name);
    const auto rule = policy.rule_for(question(name));
    REQUIRE(rule);
    CHECK(rule->zone == Name::from_text(zone).value());
    CHECK(!rule->reason.empty());
  }
  CHECK(!policy.rule_for(question("www.example")));
  CHECK(!policy.rule_for(question("home.arpa", Type::ds)));
}

TEST_CASE("The cheap look spares ordinary names the dear one") {
  for (const auto* name : {"www.example.com", "example.org", "a.very.long.name.below.example.net", "x.co.uk", "a.info"})
    CHECK(!policy.might_answer(question(name).name.wire(), Type::a, Class::in));
}
