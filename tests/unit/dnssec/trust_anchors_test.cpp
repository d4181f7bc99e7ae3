#include "dnssec/trust_anchors.hpp"

#include <doctest/doctest.h>

#include <string>

#include "unit/dns/wire_fixture.hpp"

using namespace tacet;
using namespace tacet::fixture;

namespace {

/// What Debian's dns-root-data has in root.key.
const char* const root_key =
    ". IN DNSKEY 257 3 8 "
    "AwEAAaz/tAm8yTn4Mfeh5eyI96WSVexTBAvkMgJzkKTOiW1vkIbzxeF3+/"
    "4RgWOq7HrxRixHlFlExOLAJr5emLvN7SWXgnLh4+"
    "B5xQlNVz8Og8kvArMtNROxVQuCaSnIDdD5LKyWbRd2n9WGe2R8PzgCmr3EgVLrjyBxWezF0jLHwVN8efS3rCj/EWgvIWgb9tarpVUDK/"
    "b58Da+sqqls3eNbuv7pr+eoZG+SrDK6nWeL3c6H5Apxz7LjVc1uTIdsIXxuOLYA4/"
    "ilBmSVIzuDWfdRUfhHdY6+cn8HFRm+2hM8AnXGXws9555KrUB5qihylGa8subX2Nn6UwNR1AkUTV74bU= ; keytag 20326\n"
    ". IN DNSKEY 257 3 8 "
    "AwEAAa96jeuknZlaeSrvyAJj6ZHv28hhOKkx3rLGXVaC6rXTsDc449/"
    "cidltpkyGwCJNnOAlFNKF2jBosZBU5eeHspaQWOmOElZsjICMQMC3aeHbGiShvZsx4wMYSjH8e7Vrhbu6irwCzVBApESjbUdpWWmEnhathWu1jo+"
    "siFUiRAAxm9qyJNg/wOZqqzL/dL/q8PkcRU5oUKEpUge71M3ej2/"
    "7CPqpdVwuMoTvoB+ZOT4YeGyxMvHmbrxlFzGOHOijtzN+u1TQNatX2XBuzZNQ1K+"
    "s2CXkPIZo7s6JgZyvaBevYtxPvYLw4z9mR7K2vaF18UYH9Z9GNUUeayffKC73PYc= ; keytag 38696\n";

std::string complaint_about(std::string_view text) { return read_trust_anchors(text).error().detail; }

}  // namespace

TEST_CASE("Both keys of the root are built in, and its published keys have these digests") {
  const auto anchors = root_anchors();
  REQUIRE(anchors.size() == 2);
  CHECK(anchors[0].ds.key_tag == 20326);
  CHECK(anchors[1].ds.key_tag == 38696);
  CHECK(read_trust_anchors(root_key).value() == anchors);
}

TEST_CASE("Anchors are read as people and files write them") {
  const auto anchors = read_trust_anchors(
      "; a file\n\n"
      "corp.example. 3600 IN DS 12345 13 2 ( B6DCD485719ADCA18E5F3D48A2331627 fdd3636bb6dcd485719adca18e5f3d48 )\r\n"
      "other.example DS 1 8 1 B6DCD485719ADCA18E5F3D48A2331627FDD3636B ; old");
  REQUIRE(anchors.has_value());
  REQUIRE(anchors->size() == 2);
  CHECK((*anchors)[0].owner == named("corp.example"));
  CHECK((*anchors)[0].ds.digest.size() == 32);
  CHECK((*anchors)[1].ds.digest_type == 1);
}

TEST_CASE("Algorithms and digests may have their names, and brackets hold lines together (RFC 1035 §5.1)") {
  const auto anchors = read_trust_anchors(
      "$TTL 3600\n"
      "corp.example. IN 3600 DS 12345 ECDSAP256SHA256 SHA-256 (\n"
      "\tB6DCD485719ADCA18E5F3D48A2331627 ; half of it\n"
      "\tFDD3636BB6DCD485719ADCA18E5F3D48 )\n"
      "other.example. DS 1 rsasha256 sha1 B6DCD485719ADCA18E5F3D48A2331627FDD3636B");
  REQUIRE(anchors.has_value());
  REQUIRE(anchors->size() == 2);
  CHECK((*anchors)[0].ds.algorithm == 13);
  CHECK((*anchors)[0].ds.digest.size() == 32);
  CHECK((*anchors)[1].ds.digest_type == 1);
  CHECK(complaint_about("a. DS 1 8 2 (\n00\n)\n").starts_with("line 1: a digest of type 2"));
  CHECK(complaint_about("a. DS 1 RSA 2 00").starts_with("line 1: a DS record has"));
}

TEST_CASE("Of the keys in the file of unbound-anchor those count that it trusts (RFC 5011 §4.2)") {
  const std::string keys = root_key;
  const auto line_of = [&](std::size_t which, const char* state) {
    const std::size_t half = keys.find('\n') + 1;
    const std::string line = which == 0 ? keys.substr(0, half) : keys.substr(half);
    return line.substr(0, line.find(" ;")) + " ;{id = 1 (ksk), size = 2048b} ;;state=" + state + " ;;count=0\n";
  };
  const std::string head = "; autotrust trust anchor file\n;;id: . 1\n";
  const auto both = read_trust_anchors(head + line_of(0, "3 [ MISSING ]") + line_of(1, "2 [  VALID  ]"));
  CHECK(both.value() == root_anchors());
  for (const char* state : {"1 [ ADDPEND ]", "4 [ REVOKED ]"})
    CHECK(read_trust_anchors(head + line_of(0, "2 [  VALID  ]") + line_of(1, state)).value() ==
          std::vector{root_anchors()[0]});
  const std::string revoked = ". 86400 IN DNSKEY 385 3 8 AwEA ;{id = 2} ;;state=4 [ REVOKED ]\n";
  CHECK(read_trust_anchors(head + line_of(1, "2 [  VALID  ]") + revoked).value() == std::vector{root_anchors()[1]});
}

TEST_CASE("Given anchors replace the built-in ones only for the root") {
  const auto corp = read_trust_anchors("corp.example. DS 1 8 1 B6DCD485719ADCA18E5F3D48A2331627FDD3636B").value();
  const auto root = read_trust_anchors(". DS 1 8 1 B6DCD485719ADCA18E5F3D48A2331627FDD3636B").value();
  CHECK(with_root_anchors({}) == root_anchors());
  CHECK(with_root_anchors(corp).size() == 3);
  CHECK(with_root_anchors(root) == root);
}

TEST_CASE("What is no usable anchor is refused with its line and what is expected") {
  CHECK(complaint_about("") == "no DS or DNSKEY record is in it");
  CHECK(complaint_about("; nothing\n") == "no DS or DNSKEY record is in it");
  CHECK(complaint_about("; first\n. A 192.0.2.1").starts_with("line 2: a trust anchor is a DS or a DNSKEY record"));
  CHECK(complaint_about("# A file\ntrust-anchors {").starts_with("line 1: this is BIND's syntax"));
  CHECK(complaint_about("trust-anchors {").starts_with("line 1: this is BIND's syntax"));
  CHECK(complaint_about(".").starts_with("line 1: a trust anchor is"));
  CHECK(complaint_about("a..b DS 1 8 2 00").starts_with("line 1: a record begins with the name of its zone"));
  CHECK(complaint_about(". DS 1 8").starts_with("line 1: a DS record has"));
  CHECK(complaint_about(". DS x 8 2 00").starts_with("line 1: a DS record has"));
  CHECK(complaint_about(". DS 70000 8 2 00").starts_with("line 1: a DS record has"));
  CHECK(complaint_about(". DS 1 8 2 0").starts_with("line 1: a DS record has"));
  CHECK(complaint_about(". DS 1 8 2 0g").starts_with("line 1: a DS record has"));
  CHECK(complaint_about(". DS 1 5 2 00").starts_with("line 1: algorithm 5 is not supported"));
  CHECK(complaint_about(". DS 1 8 3 00").starts_with("line 1: digest type 3 is not supported"));
  CHECK(complaint_about(". DS 1 8 2 00") == "line 1: a digest of type 2 has 32 octets, but 1 are given");
  CHECK(complaint_about(". DNSKEY 257 3 8").starts_with("line 1: a DNSKEY record has"));
  CHECK(complaint_about(". DNSKEY 257 3 8 A").starts_with("line 1: a DNSKEY record has"));
  CHECK(complaint_about(". DNSKEY 257 3 8 AA*=").starts_with("line 1: a DNSKEY record has"));
  CHECK(complaint_about(". DNSKEY 257 3 13 AAAA") == "line 1: this is no usable key of algorithm 13");
  CHECK(complaint_about(". DNSKEY 385 3 13 AAAA").starts_with("line 1: this key may not sign"));
  CHECK(complaint_about(". DNSKEY 1 3 13 AAAA").starts_with("line 1: this key may not sign"));
}
