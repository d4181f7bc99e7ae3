#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "dns/edns.hpp"
#include "tacet/message.hpp"

namespace tacet {

/// What an answer says, as far as a cache treats it differently.
enum class AnswerKind : std::uint8_t {
  positive,  ///< NOERROR with records of the type asked for
  nxdomain,  ///< the name (or the end of its CNAME chain) does not exist
  nodata,    ///< the name exists without the type asked for: also a CNAME chain that ends so, and a referral
  failure,   ///< any other RCODE
};

/// What validation says of an answer (RFC 4035 §4.3).
enum class SecurityStatus : std::uint8_t {
  indeterminate,  ///< nobody has looked, or no trust anchor covers it
  secure,         ///< a chain of signatures leads to it from a trust anchor
  insecure,       ///< its zone is proven to be unsigned
  bogus,          ///< it should be signed, and the signatures do not show that it is genuine
};
/// The status of an answer that is made of two: the weaker one.
SecurityStatus weaker(SecurityStatus a, SecurityStatus b);

/// A response as it is kept and copied out: fit for any client but for what write_reply patches.
struct AnswerImage {
  /// ID 0; QR and RA set; TC, AD and RCODE as the upstream said; AA only in what this machine answers by itself; Z, RD
  /// and CD clear, for the latter are the client's (write_reply sets them). The question and the records without OPT,
  /// TSIG and SIG(0).
  std::vector<std::uint8_t> wire;
  std::vector<std::uint16_t> ttl_offsets;  ///< of every record in `wire`
  /// How long it may be kept, seconds: the least TTL of what answers, for negative answers by RFC 2308. 0: not to be
  /// stored.
  std::uint32_t ttl = 0;
  AnswerKind kind = AnswerKind::failure;
  SecurityStatus security = SecurityStatus::indeterminate;
  bool crosses = false;  ///< its aliases lead from one who answers to another: parts of it are for other names
  std::optional<ExtendedError> extended_error;  ///< the upstream's, to be passed on to clients that speak EDNS
};

/// Makes the image of an upstream's response. Unless `dnssec_ok`, RRSIG, NSEC and NSEC3 records are left out except of
/// the type asked for or for ANY (RFC 4035 §3.2.1). Records of one RRset get its least TTL (RFC 2181 §5.2); a negative
/// answer's SOA gets min(TTL, MINIMUM) (RFC 2308 §5). What answers decides how long the whole is kept: the answer
/// section, a negative answer's SOA, and denials (NSEC, NSEC3). Extras (name servers, glue) with a shorter TTL are left
/// out. Not stored are answers with a TTL of 0, negative ones without SOA, truncated ones and failures (RFC 9520's
/// caching of failures is the cache's own clock). An extended RCODE concerns only the hop to the upstream: it becomes
/// SERVFAIL.
AnswerImage make_image(const Message& response, bool dnssec_ok);

}  // namespace tacet
