#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "tacet/message.hpp"
#include "tacet/result.hpp"

namespace tacet {

/// How an answer travels: it may be too large for a datagram, but never for a stream.
enum class TransportKind : std::uint8_t { datagram, stream };

/// The message in `octets` if it answers the question; every transport takes answers only by this function. An answer
/// has QR set, the opcode QUERY, the ID `id` (DNS over HTTPS has none to compare) and the one question that was asked.
/// Names compare without case (RFC 4343). One exception: FORMERR, NOTIMP, SERVFAIL, REFUSED and BADVERS may come as a
/// bare header, without question and answers (RFC 1035 §4.1.1, RFC 6891 §7); the message then gets the question.
/// Fault::mismatched if the octets do not belong to the question, so that a reader of datagrams keeps waiting.
/// Fault::malformed if they are shorter than a header, or belong to the question and break the format. Fault::protocol
/// for an answer over a stream with TC and without answer records. Pure.
Result<Message> accept_answer(const Question& asked, std::optional<std::uint16_t> id, std::vector<std::uint8_t> octets,
                              TransportKind transport_kind);

}  // namespace tacet
