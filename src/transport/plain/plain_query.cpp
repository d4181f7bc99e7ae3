#include "transport/plain/plain_query.hpp"

#include <utility>

#include "dns/edns.hpp"
#include "dns/wire.hpp"
#include "dns/without_opt.hpp"

namespace tacet {
namespace {

void clear_flags(std::vector<std::uint8_t>& wire, unsigned bits) {
  store16(wire, 2, static_cast<std::uint16_t>(load16(wire, 2) & ~bits));
}

/// The query up to the OPT's options.
std::vector<std::uint8_t> unpadded(const Message& query, std::uint16_t id) {
  const std::size_t size = query.index().edns.begins + opt_head_size;
  std::vector<std::uint8_t> wire(query.wire().begin(), query.wire().begin() + static_cast<std::ptrdiff_t>(size));
  store16(wire, 0, id);
  store16(wire, size - 2, 0);
  clear_flags(wire, flag::ad);
  return wire;
}

std::vector<std::uint8_t> bare(const Message& query, std::uint16_t id) {
  const Message plain = without_opt(query);
  std::vector<std::uint8_t> wire(plain.wire().begin(), plain.wire().end());
  store16(wire, 0, id);
  return wire;
}

}  // namespace

PlainQuery::PlainQuery(const Message& query, std::uint16_t id_with_opt, std::uint16_t id_without_opt)
    : question_(query.question()),
      with_opt_(unpadded(query, id_with_opt)),
      without_opt_(bare(query, id_without_opt)) {}

Result<PlainAnswer> PlainQuery::read(std::vector<std::uint8_t> octets, TransportKind transport_kind) const {
  const bool has_id = octets.size() >= 2;
  const bool asked_with_opt = has_id && load16(octets, 0) == load16(with_opt_, 0);
  if (octets.size() >= header_size) clear_flags(octets, flag::ad);
  const std::uint16_t id = load16(wire(asked_with_opt), 0);
  auto message = accept_answer(question_, id, std::move(octets), transport_kind);
  if (!message) return fail(std::move(message.error()));
  return PlainAnswer{*std::move(message), asked_with_opt, transport_kind};
}

}  // namespace tacet
