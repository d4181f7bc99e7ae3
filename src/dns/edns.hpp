#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "dns/wire.hpp"
#include "tacet/instant.hpp"
#include "tacet/message.hpp"

namespace tacet {

/// EDNS option codes (RFC 6891 §9) that code here must know.
namespace option {
inline constexpr std::uint16_t nsid = 3, client_subnet = 8, cookie = 10, tcp_keepalive = 11, padding = 12,
                               extended_error = 15;
}

/// INFO-CODEs of Extended DNS Errors (RFC 8914 §4).
namespace ede {
inline constexpr std::uint16_t other = 0, stale_answer = 3, forged_answer = 4, dnssec_bogus = 6, cached_error = 13,
                               not_ready = 14, blocked = 15, censored = 16, filtered = 17, prohibited = 18,
                               stale_nxdomain = 19, not_authoritative = 20, not_supported = 21,
                               no_reachable_authority = 22, network_error = 23, invalid_data = 24;
// Of validation. dnssec_bogus is above.
inline constexpr std::uint16_t unsupported_dnskey_algorithm = 1, unsupported_ds_digest = 2, dnssec_indeterminate = 5,
                               signature_expired = 7, signature_not_yet_valid = 8, dnskey_missing = 9,
                               rrsigs_missing = 10, no_zone_key_bit_set = 11, nsec_missing = 12,
                               unsupported_nsec3_iterations = 27;
}  // namespace ede

/// The payload size that we advertise and never exceed over UDP: it crosses any path without fragments (RFC 9715).
inline constexpr std::uint16_t safe_udp_size = 1232;

/// The octets of an OPT record before its options: root owner, TYPE, CLASS, TTL and RDLENGTH.
inline constexpr std::size_t opt_head_size = 11;

/// The octets of a TCP keepalive option with a time: code, length, and the time (RFC 7828 §3.1).
inline constexpr std::size_t tcp_keepalive_size = 6;

/// The block of a response on an encrypted transport, octets (RFC 8467 §4.1).
inline constexpr std::size_t response_block = 468;

/// Says why an answer is what it is (RFC 8914).
struct ExtendedError {
  static constexpr std::size_t max_text = 128;  ///< octets of text that are kept and passed on

  std::uint16_t code = ede::other;
  std::string text;
  friend bool operator==(const ExtendedError&, const ExtendedError&) = default;
};

/// The query for an upstream, independent of the client's: ID 0, RD and AD set, CD and DO as given, the QNAME in the
/// question's case, and an OPT of version 0. The only option is the padding that makes the message a multiple of 128
/// octets (RFC 7830, RFC 8467 §4.1). Nothing of the client's OPT goes upstream (RFC 7871 §7.1.2).
Message upstream_query(const Question& question, bool dnssec_ok, bool checking_disabled);

/// Appends an OPT record up to its options, `options_size` octets, which the caller appends. Its size is safe_udp_size,
/// its version 0, and its extended RCODE the upper bits of `rcode`.
void write_opt(WireWriter& out, Rcode rcode, bool dnssec_ok, std::size_t options_size);

/// Calls `visit(code, value)` for each EDNS option of an indexed message, in order.
template <class Visit>
void for_each_option(Bytes wire, const MessageIndex& index, Visit&& visit) {
  if (!index.has_edns) return;
  std::size_t at = index.edns.begins + opt_head_size;
  while (at < index.edns.ends) {
    const std::size_t size = load16(wire, at + 2);
    visit(load16(wire, at), wire.subspan(at + 4, size));
    at += 4 + size;
  }
}

/// The first Extended DNS Error of a message. Its text is cut to ExtendedError::max_text octets and has no control
/// characters and only valid UTF-8.
std::optional<ExtendedError> extended_error_of(const Message& message);

/// True if the message carries a Padding option (RFC 7830), even an empty one.
bool is_padded(const Message& message);

/// How long the server keeps an idle connection (RFC 7828, units of 100 ms); nothing if it does not say.
std::optional<Duration> tcp_keepalive_of(const Message& message);

/// True if a query carries the TCP keepalive option, with or without a value: its client wants to know the time.
bool asks_tcp_keepalive(Bytes query, const MessageIndex& index);

/// Tells the client how long an idle connection stays open: adds the TCP keepalive option (RFC 7828, units of 100 ms)
/// to the reply in the first `size` octets of `buffer`. Returns the new size. Returns `size` if the last record of the
/// reply is no OPT, or if the option does not fit.
std::size_t add_tcp_keepalive(std::span<std::uint8_t> buffer, std::size_t size, Duration timeout);

/// Adds the Padding option (RFC 7830) that makes the reply in the first `size` octets of `buffer` a multiple of
/// response_block, or as large as a message or the buffer can be. Returns the new size. Returns `size` if the last
/// record of the reply is no OPT, as for a client without EDNS, or if the option does not fit.
std::size_t add_padding(std::span<std::uint8_t> buffer, std::size_t size);

}  // namespace tacet
