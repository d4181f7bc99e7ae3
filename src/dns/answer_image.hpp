#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "dns/edns.hpp"
#include "tacet/message.hpp"

namespace tacet {

/// The kinds of answers that a cache treats differently.
enum class AnswerKind : std::uint8_t {
  positive,  ///< NOERROR with records of the type in question
  nxdomain,  ///< the name (or the end of its CNAME chain) does not exist
  nodata,    ///< the name exists without the type in question; also a CNAME chain that ends so
  failure,   ///< any other RCODE, and a referral
};

/// The result of validating an answer (RFC 4035 §4.3).
enum class SecurityStatus : std::uint8_t {
  indeterminate,  ///< it was not validated, or no trust anchor covers it
  secure,         ///< a chain of signatures leads to it from a trust anchor
  insecure,       ///< its zone is proven to be unsigned
  bogus,          ///< it should be signed, and the signatures do not show that it is genuine
};
/// The status of an answer made of two parts: the weaker one.
SecurityStatus weaker(SecurityStatus a, SecurityStatus b);

/// A response as the cache keeps it: fits any client once write_reply() has patched it.
struct AnswerImage {
  /// ID 0; QR and RA set; TC, AD and RCODE as the upstream said; AA only in answers of this machine; Z, RD and CD clear
  /// (write_reply() copies the client's RD and CD). Then the question, and the records without OPT, TSIG and SIG(0).
  std::vector<std::uint8_t> wire;
  std::vector<std::uint16_t> ttl_offsets;  ///< of every record in `wire`
  /// How long it may be kept, seconds: the lowest TTL of the records that answer; RFC 2308 for negative answers. 0: do
  /// not store it.
  std::uint32_t ttl = 0;
  AnswerKind kind = AnswerKind::failure;
  SecurityStatus security = SecurityStatus::indeterminate;
  bool crosses = false;  ///< its aliases lead to another route or to this machine, so parts of it belong to other names
  std::optional<ExtendedError> extended_error;  ///< the upstream's; clients that speak EDNS get it
};

/// Makes the image of an upstream's response. Without `dnssec_ok` it leaves out RRSIG, NSEC and NSEC3 records, unless
/// the question is for them or for ANY (RFC 4035 §3.2.1). Records of one RRset get its lowest TTL (RFC 2181 §5.2); the
/// SOA of a negative answer gets min(TTL, MINIMUM) (RFC 2308 §5). The records that answer decide how long the image is
/// kept: the answer section, the SOA of a negative answer, and denials (NSEC, NSEC3). Extras (name servers, glue) with
/// a shorter TTL are left out. An answer gets lifetime 0 if its TTL is 0, if it is negative without SOA, if it is
/// truncated, or if it is a failure (RFC 9520's caching of failures has its own times). An extended RCODE concerns only
/// the hop to the upstream and becomes SERVFAIL. So does a referral: an empty answer would deny the name.
AnswerImage make_image(const Message& response, bool dnssec_ok);

}  // namespace tacet
