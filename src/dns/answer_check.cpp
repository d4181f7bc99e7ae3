#include "dns/answer_check.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.hpp"
#include "dns/wire.hpp"

namespace tacet {
namespace {

/// True for the errors of a server that understood only the header of a message.
bool may_stand_alone(Rcode rcode) {
  constexpr std::array alone{Rcode::formerr, Rcode::servfail, Rcode::notimp, Rcode::refused, Rcode::badvers};
  return std::ranges::find(alone, rcode) != alone.end();
}

bool is_bare(Bytes octets) {
  const bool empty = load16(octets, 4) == 0 && load32(octets, 6) == 0;
  return empty || octets.size() == header_size;  // some servers copy the counts of the query
}

bool has_question(Bytes octets, const Question& asked) {
  const Bytes name = asked.name.wire();
  const std::size_t type_at = header_size + name.size();
  return octets.size() >= type_at + 4 && equal_folded(octets.subspan(header_size, name.size()), name) &&
         load16(octets, type_at) == static_cast<std::uint16_t>(asked.type) &&
         load16(octets, type_at + 2) == static_cast<std::uint16_t>(asked.qclass);
}

/// The bare header with the question, and with its OPT if it has one.
Result<Message> completed(Bytes bare, const Question& asked, Bytes rest) {
  const Bytes name = asked.name.wire();
  std::vector<std::uint8_t> wire(header_size + name.size() + 4);
  WireWriter out(wire);
  out.bytes(bare.first(4));
  out.u16(1);
  out.u32(0);
  out.u16(rest.empty() ? 0 : load16(bare, 10));
  out.bytes(name);
  out.u16(static_cast<std::uint16_t>(asked.type));
  out.u16(static_cast<std::uint16_t>(asked.qclass));
  wire.insert(wire.end(), rest.begin(), rest.end());
  return Message::parse_answer(std::move(wire));
}

Result<Message> bare_error(Bytes octets, const Question& asked) {
  auto message = completed(octets, asked, octets.subspan(header_size));
  if (!message) message = completed(octets, asked, {});
  if (message && may_stand_alone(message->rcode())) return message;
  return fail(Fault::mismatched, "an answer without its question");
}

}  // namespace

Result<Message> accept_answer(const Question& asked, std::optional<std::uint16_t> id, std::vector<std::uint8_t> octets,
                              TransportKind transport_kind) {
  if (octets.size() < header_size) return fail(Fault::malformed, "an answer shorter than a header");
  const std::uint16_t flags = load16(octets, 2);
  if ((flags & flag::qr) == 0) return fail(Fault::mismatched, "a query instead of an answer");
  if ((flags & flag::opcode_mask) != 0) return fail(Fault::mismatched, "an answer with another opcode than QUERY");
  if (id && load16(octets, 0) != *id) return fail(Fault::mismatched, "an answer under another ID");
  if (is_bare(octets)) return bare_error(octets, asked);
  if (load16(octets, 4) != 1) return fail(Fault::mismatched, "an answer without exactly one question");
  if (!has_question(octets, asked)) return fail(Fault::mismatched, "an answer to another question");
  auto message = Message::parse_answer(std::move(octets));
  if (message && transport_kind == TransportKind::stream && message->index().has(flag::tc) &&
      message->index().answers == 0)
    return fail(Fault::protocol, "a truncated answer over a stream");
  return message;
}

}  // namespace tacet
