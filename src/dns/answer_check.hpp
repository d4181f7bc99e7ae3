#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "tacet/message.hpp"
#include "tacet/result.hpp"

namespace tacet {

/// How an answer travels: a datagram may be too small for it, a stream never is.
enum class TransportKind : std::uint8_t { datagram, stream };

/// The message in `octets` if it is an answer to what was asked; every transport takes answers by this function alone.
/// An answer has QR set, the opcode QUERY, the ID `id` (DNS over HTTPS has none to compare) and the one question that
/// was asked; names compare without case (RFC 4343). One exception: FORMERR, NOTIMP, SERVFAIL, REFUSED and BADVERS may
/// come without question and answers, as a bare header (RFC 1035 §4.1.1, RFC 6891 §7); the message made of such a one
/// has the question. Fault::mismatched for what does not belong to the question, so that a reader of datagrams goes on
/// waiting; Fault::malformed for what is shorter than a header, and for what belongs to it and breaks the format;
/// Fault::protocol for an answer by a stream that says TC and has no answer records. Pure.
Result<Message> accept_answer(const Question& asked, std::optional<std::uint16_t> id, std::vector<std::uint8_t> octets,
                              TransportKind transport_kind);

}  // namespace tacet
