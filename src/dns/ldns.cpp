#include <stdbool.h>  // first: ldns/common.h defines bool itself otherwise, and g++ 14 then rejects std headers
//
#include <ldns/ldns.h>

#include <cstdlib>
#include <memory>

#include "dns/ldns.hpp"
#include "dns/wire.hpp"
#include "tacet/message.hpp"

namespace tacet {

namespace {

using Packet = std::unique_ptr<ldns_pkt, decltype(&ldns_pkt_free)>;
using Text = std::unique_ptr<char, decltype(&std::free)>;

Result<Packet> parse(Bytes wire) {
  if (const Result<MessageIndex> index = index_message(wire); !index) return fail(index.error());
  ldns_pkt* parsed = nullptr;
  const ldns_status status = ldns_wire2pkt(&parsed, wire.data(), wire.size());
  if (status != LDNS_STATUS_OK) return fail(Fault::malformed, ldns_get_errorstr_by_id(status));
  return Packet(parsed, ldns_pkt_free);
}

/// A message for the root with one question and one answer of this type.
std::vector<std::uint8_t> message_with(Type type, Bytes rdata) {
  constexpr std::size_t question = header_size, answer = question + 5;
  std::vector<std::uint8_t> wire(answer + 1 + record_head_size);
  store16(wire, 2, flag::qr);
  store16(wire, 4, 1);
  store16(wire, 6, 1);
  for (const std::size_t owner : {question, answer}) {
    store16(wire, owner + 1, static_cast<std::uint16_t>(type));
    store16(wire, owner + 3, static_cast<std::uint16_t>(Class::in));
  }
  store16(wire, answer + 9, static_cast<std::uint16_t>(rdata.size()));
  wire.insert(wire.end(), rdata.begin(), rdata.end());
  return wire;
}

}  // namespace

Result<std::string> presentation(Bytes wire) {
  const Result<Packet> packet = parse(wire);
  if (!packet) return fail(packet.error());
  const Text text(ldns_pkt2str(packet->get()), std::free);
  if (!text) return fail(Fault::malformed, "ldns cannot print this message");
  return std::string(text.get());
}

Result<std::string> record_presentation(Type type, Bytes rdata) {
  const Result<Packet> packet = parse(message_with(type, rdata));
  if (!packet) return fail(packet.error());
  const ldns_rr* record = ldns_rr_list_rr(ldns_pkt_answer(packet->get()), 0);
  std::string line;
  for (std::size_t i = 0; i < ldns_rr_rd_count(record); ++i) {
    const Text part(ldns_rdf2str(ldns_rr_rdf(record, i)), std::free);
    if (!part) return fail(Fault::malformed, "ldns cannot print this record");
    line += (line.empty() ? "" : " ") + std::string(part.get());
  }
  return line;
}

std::string presentation_library_version() { return std::string("ldns ") + ldns_version(); }

}  // namespace tacet
