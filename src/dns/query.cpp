#include "dns/query.hpp"

#include "dns/edns.hpp"
#include "dns/wire.hpp"

namespace tacet {
namespace {

constexpr Type nxname{128};           // RFC 9824 §3.4: asking for it is an error of form
constexpr Type first_meta_type{128};  // RFC 6895 §3.1
constexpr Type last_meta_type{254};

/// The end of a datagram's question, even if the rest is broken; the size of a bare header if no question can be read.
std::size_t readable_question_end(Bytes query) {
  if (load16(query, 4) != 1) return header_size;
  std::size_t at = header_size;
  while (at < query.size() && query[at] != 0) {
    if (query[at] > 63) return header_size;
    at += query[at] + 1U;
  }
  const std::size_t end = at + 1 + 4;
  const bool whole = end <= query.size() && at + 1 - header_size <= Name::max_size;
  return whole ? end : header_size;
}

/// The RCODE for QTYPEs that must not reach cache and upstreams.
std::optional<Rcode> refused_type(Type type) {
  if (type == Type::axfr || type == Type::ixfr) return Rcode::refused;
  if (type == Type::opt || type == Type::tsig || type == nxname) return Rcode::formerr;
  if (type >= first_meta_type && type <= last_meta_type) return Rcode::notimp;
  return std::nullopt;
}

/// The first rule that an indexed query breaks.
std::optional<Rcode> judge_indexed(const MessageIndex& index) {
  const bool ixfr_soa = index.type == Type::ixfr && index.authorities == 1;  // RFC 1995 §3
  if (index.answers != 0 || (index.authorities != 0 && !ixfr_soa)) return Rcode::formerr;
  if (index.has_edns && index.edns.version != 0) return Rcode::badvers;
  if (const auto rcode = refused_type(index.type)) return rcode;
  if (index.qclass != Class::in && index.qclass != Class::ch) return Rcode::refused;
  return std::nullopt;
}

RejectedQuery refuse(Rcode rcode, const Result<MessageIndex>& index) {
  return {.action = RejectedQuery::Action::reply,
          .rcode = rcode,
          .edns = index && index->has_edns,
          .dnssec_ok = index && index->dnssec_ok()};
}

}  // namespace

std::expected<MessageIndex, RejectedQuery> judge_query(Bytes datagram) {
  if (datagram.size() < header_size) return std::unexpected(RejectedQuery{});
  const std::uint16_t flags = load16(datagram, 2);
  if (flags & flag::qr) return std::unexpected(RejectedQuery{});
  const Result<MessageIndex> index = index_message(datagram);
  if (flags & flag::opcode_mask) return std::unexpected(refuse(Rcode::notimp, index));
  if (!index) return std::unexpected(refuse(Rcode::formerr, index));
  if (const auto rcode = judge_indexed(*index)) return std::unexpected(refuse(*rcode, index));
  return *index;
}

std::size_t write_refusal(Bytes query, const RejectedQuery& refusal, std::span<std::uint8_t> out) {
  if (refusal.action == RejectedQuery::Action::drop || query.size() < header_size) return 0;
  const auto rcode = static_cast<std::uint16_t>(refusal.rcode);
  const std::uint16_t asked = load16(query, 2);
  const bool is_query = (asked & flag::opcode_mask) == 0;
  const auto copied = static_cast<std::uint16_t>(flag::opcode_mask | flag::rd | (is_query ? flag::cd : 0));
  const auto set = static_cast<std::uint16_t>(flag::qr | (is_query ? flag::ra : 0));
  const std::size_t question_ends = readable_question_end(query);
  WireWriter reply(out);
  reply.u16(load16(query, 0));
  reply.u16(static_cast<std::uint16_t>(set | (asked & copied) | (rcode & flag::rcode_mask)));
  reply.u16(question_ends > header_size ? 1 : 0);
  reply.u32(0);
  reply.u16(refusal.edns ? 1 : 0);
  reply.bytes(query.subspan(header_size, question_ends - header_size));
  if (refusal.edns) write_opt(reply, refusal.rcode, refusal.dnssec_ok, 0);
  return reply.ok() ? reply.size() : 0;
}

}  // namespace tacet
