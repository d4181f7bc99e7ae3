#pragma once
#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>

#include "tacet/message.hpp"

namespace tacet {

/// Why a client's datagram must not reach policy, cache and upstreams.
struct RejectedQuery {
  enum class Action : std::uint8_t {
    drop,   ///< no answer at all: too short for a header, or itself a response
    reply,  ///< write_refusal makes the answer
  };
  Action action = Action::drop;
  Rcode rcode = Rcode::formerr;
  bool edns = false;       ///< the query carried an OPT that could be read, so the reply carries one
  bool dnssec_ok = false;  ///< its DO bit, which the reply repeats (RFC 3225 §3)
};

/// Judges a client's datagram by the first of these rules that it breaks:
/// - shorter than a header, or QR=1: dropped;
/// - OPCODE other than QUERY: NOTIMP, before the counts are judged (RFC 8906);
/// - QDCOUNT≠1, ANCOUNT≠0, NSCOUNT≠0 (except for the SOA of an IXFR), or a message that index_message() refuses (such
///   as one with two OPTs): FORMERR;
/// - EDNS version≠0: BADVERS (RFC 6891 §6.1.3);
/// - QTYPE AXFR or IXFR: REFUSED; OPT, TSIG and NXNAME (RFC 9824 §3.4), which no query may have: FORMERR; TKEY, MAILA,
///   MAILB and the unassigned meta types (RFC 6895 §3.1): NOTIMP. ANY passes;
/// - QCLASS other than IN and CH: REFUSED. CH passes, because policy decides there.
std::expected<MessageIndex, RejectedQuery> judge_query(Bytes datagram);

/// Writes the reply to a refused query: ID, OPCODE, RD and CD copied, QR and RA set, the question octet for octet if it
/// could be read, an OPT if the query had one. RA and CD belong to queries; with another OPCODE they are clear. Returns
/// its size: 0 for `drop`, or if `out` is too small (512 octets are always enough).
std::size_t write_refusal(Bytes query, const RejectedQuery& refusal, std::span<std::uint8_t> out);

}  // namespace tacet
