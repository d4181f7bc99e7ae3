#include "config/forms/dnssec_forms.hpp"

#include <doctest/doctest.h>

using namespace tacet;

namespace {

std::chrono::sys_days day(int year, unsigned month, unsigned number) {
  return std::chrono::year(year) / std::chrono::month(month) / std::chrono::day(number);
}

}  // namespace

TEST_CASE("A DS record comes back in one spelling, whatever its TTL, class, case, brackets and spaces") {
  constexpr std::string_view same = "corp.example. DS 12345 13 1 0123456789ABCDEF0123456789ABCDEF01234567";
  for (const std::string_view text :
       {"Corp.Example DS 12345 13 1 0123456789abcdef0123456789abcdef01234567",
        "corp.example. 3600 IN ds 12345 13 1 ( 0123456789ABCDEF 0123456789ABCDEF 01234567 )",
        "corp.example.\tin DS 12345 13 1\n0123456789ABCDEF0123456789ABCDEF01234567"}) {
    CAPTURE(text);
    CHECK(parse_trust_anchor(text).value() == same);
  }
  CHECK(parse_trust_anchor(same).value() == same);
}

TEST_CASE("Algorithms and digests of a DS record may have their names (RFC 4034 §2.2, §5.3)") {
  const std::string digest(64, 'A');
  for (const std::string_view front : {"corp.example. IN 60 DS 7 ECDSAP256SHA256 SHA-256 ",
                                       "corp.example DS 7 ecdsap256sha256 2 ", "corp.example. DS 7 13 sha256 "})
    CHECK(parse_trust_anchor(std::string(front) + digest).value() == "corp.example. DS 7 13 2 " + digest);
  CHECK(!parse_trust_anchor("corp.example. DS 7 ECDSAP256 2 " + digest));
  CHECK(!parse_trust_anchor("corp.example. DS 7 13 SHA-512 " + digest));
}

TEST_CASE("A record that no zone could have as its DS is refused") {
  for (const std::string_view text :
       {"", ".", "corp.example", ". DS", ". DS 1 8 2", ". DS 65536 8 1 0123456789ABCDEF0123456789ABCDEF01234567",
        ". DS 1 256 1 0123456789ABCDEF0123456789ABCDEF01234567", ". DS 1 8 3 0123456789ABCDEF0123456789ABCDEF01234567",
        ". DS 1 8 1 0123456789ABCDEF", ". DS 1 8 1 0123456789ABCDEF0123456789ABCDEF0123456G", ". DNSKEY 257 3 8 AwEAAa",
        "relative/path", "a..b DS 1 8 1 0123456789ABCDEF0123456789ABCDEF01234567"}) {
    CAPTURE(text);
    CHECK(!parse_trust_anchor(text));
  }
}

TEST_CASE("A day is one that the calendar has, written in one way") {
  CHECK(parse_day("2027-01-31").value() == day(2027, 1, 31));
  CHECK(parse_day("2028-02-29").value() == day(2028, 2, 29));
  for (const std::string_view text :
       {"", "2027", "2027-02-29", "2027-13-01", "2027-1-31", "31.01.2027", "2027-01-31T00"})
    CHECK(!parse_day(text));
  CHECK(day_text(day(2027, 1, 31)) == "2027-01-31");
}

TEST_CASE("A zone is remarked once its last day has passed") {
  const DnssecConfig config{.ignore = {{"corp.example", day(2027, 1, 31)}, {"lan.example", day(2027, 2, 1)}}};
  CHECK(lapsed_remarks(config, day(2027, 1, 31)).empty());
  CHECK(lapsed_remarks(config, day(2027, 2, 1)) ==
        std::vector<std::string>{"dnssec.ignore: corp.example was ignored until 2027-01-31: it is validated again"});
}
