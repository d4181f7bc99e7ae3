#include "config/zone.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

#include "config/idn.hpp"

using namespace tacet;

namespace {

std::string refusal(std::string_view text) {
  const auto zone = parse_zone(text);
  REQUIRE_MESSAGE(!zone.has_value(), text);
  CHECK(zone.error().fault == Fault::invalid_config);
  return zone.error().detail;
}

}  // namespace

TEST_CASE("a zone is kept in lower case, without the dot behind it, and a star in front says what is so anyway") {
  for (const char* text : {"corp.example", "CORP.Example", "corp.example.", "*.corp.example", "*.CORP.EXAMPLE."})
    CHECK(parse_zone(text) == "corp.example");
  CHECK(parse_zone("lan") == "lan");
  CHECK(parse_zone("_msdcs.corp.example") == "_msdcs.corp.example");
  CHECK(parse_zone("xn--BCHER-kva.example") == "xn--bcher-kva.example");
  for (const char* root : {".", "*", "*."}) CHECK(parse_zone(root) == ".");
}

TEST_CASE("letters beyond ASCII become what browsers ask for") {
  for (const char* text : {"b\u00fccher.example", "B\u00dcCHER.example", "*.b\u00fccher.example.",
                           "bu\u0308cher.example", "b\u00fccher\u3002example"})
    CHECK(parse_zone(text) == "xn--bcher-kva.example");
  CHECK(parse_zone("fa\u00df.example") == "xn--fa-hia.example");
  CHECK(parse_zone("\u4f8b\u3048.\u30c6\u30b9\u30c8") == "xn--r8jz45g.xn--zckzah");
  CHECK(parse_zone("\uff23orp.example") == "corp.example");
  CHECK(refusal("a\u200db.example").find("no form that DNS could carry") != std::string::npos);
  CHECK(refusal(std::string("b\u00fc\0x.example", 14)).find("no form that DNS could carry") != std::string::npos);
  CHECK(!idn_library_version().empty());
}

TEST_CASE("what matches no name is refused, with what to write") {
  for (const auto& [text, write] :
       std::vector<std::pair<std::string, std::string>>{{".corp.example", "corp.example"},
                                                        {"~corp.example", "corp.example"},
                                                        {"/corp.example/", "corp.example"},
                                                        {"||corp.example^", "corp.example"},
                                                        {" corp.example", "corp.example"},
                                                        {"corp.example\t", "corp.example"},
                                                        {"*corp.example", "corp.example"},
                                                        {"**.corp.example", "corp.example"},
                                                        {"*.*.corp.example", "corp.example"},
                                                        {"*..corp.example", "corp.example"},
                                                        {"corp.example..", "corp.example"},
                                                        {"https://Corp.example:8443/path", "corp.example"},
                                                        {"tls://b\u00fccher.example", "xn--bcher-kva.example"},
                                                        {"corp.example:53", "corp.example"},
                                                        {"corp.example/", "corp.example"}}) {
    CAPTURE(text);
    CHECK(refusal(text).ends_with(", allowed: " + write));
  }
  for (const std::string text : {"", "a..b", "corp.*.example", "a*.example", "corp.*", "corp\\.example",
                                 "corp\\046example", "b%C3%BCcher.example", "corp example", "corp,example",
                                 "x@corp.example", "?", "\"lan\"", "lan;", "a.b/24", "host.10", "1.2.3.4.5"}) {
    CAPTURE(text);
    CHECK(refusal(text).find(", allowed: ") != std::string::npos);
  }
  CHECK(refusal(std::string(64, 'a') + ".example").find("63 octets") != std::string::npos);
  std::string longest = "a";
  while (longest.size() < 260) longest += ".a";
  CHECK(refusal(longest).find("255 octets") != std::string::npos);
}

TEST_CASE("a network is refused with the zones of its addresses' names") {
  for (const auto& [text, zones] : std::vector<std::pair<std::string, std::string>>{
           {"10.0.0.0/8", "10.in-addr.arpa"},
           {"10/8", "10.in-addr.arpa"},
           {"10.", "10.in-addr.arpa"},
           {"10", "10.in-addr.arpa"},
           {"10.*", "10.in-addr.arpa"},
           {"10.*.*.*", "10.in-addr.arpa"},
           {"192.168", "168.192.in-addr.arpa"},
           {"192.168.0.0/16", "168.192.in-addr.arpa"},
           {"192.168.1.77/24", "1.168.192.in-addr.arpa"},
           {"192.168.1.1", "1.1.168.192.in-addr.arpa"},
           {"172.16.0.0/12", "16.172.in-addr.arpa to 31.172.in-addr.arpa, each by itself"},
           {"0.0.0.0/0", "in-addr.arpa"},
           {"fd00::/8", "d.f.ip6.arpa"},
           {"[FD00::]/8", "d.f.ip6.arpa"},
           {"fc00::/7", "c.f.ip6.arpa to d.f.ip6.arpa, each by itself"},
           {"2001:db8::/32", "8.b.d.0.1.0.0.2.ip6.arpa"}}) {
    CAPTURE(text);
    CHECK(refusal(text).ends_with(" is a network and no name of a zone, allowed: " + zones));
  }
}

TEST_CASE("reverse zones are made of the parts of an address") {
  for (const char* zone :
       {"10.in-addr.arpa", "in-addr.arpa", "168.192.in-addr.arpa", "1.168.192.in-addr.arpa",
        "0/26.2.0.192.in-addr.arpa", "0-63.2.0.192.in-addr.arpa", "b._dns-sd._udp.0.1.168.192.in-addr.arpa",
        "_udp.10.in-addr.arpa", "ip6.arpa", "d.f.ip6.arpa", "8.b.d.0.1.0.0.2.ip6.arpa", "lan.arpa"})
    CHECK(parse_zone(zone) == zone);
  CHECK(parse_zone("*.10.IN-ADDR.ARPA.") == "10.in-addr.arpa");
  for (const char* zone : {"lan.in-addr.arpa", "300.in-addr.arpa", "010.in-addr.arpa", "0/8.10.in-addr.arpa"})
    CHECK(refusal(zone).find("is no number of an address, allowed: ") != std::string::npos);
  for (const char* zone : {"fd00.ip6.arpa", "df.ip6.arpa", "g.ip6.arpa"})
    CHECK(refusal(zone).find("is no hexadecimal digit of an address, allowed: ") != std::string::npos);
}
