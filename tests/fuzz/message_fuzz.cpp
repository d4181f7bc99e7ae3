#include <stdbool.h>  // first, as in dns/ldns.cpp
//
#include <ldns/ldns.h>

#include <algorithm>
#include <memory>

#include "dns/rdata_shape.hpp"
#include "dns/record_walk.hpp"
#include "fuzz/property.hpp"

using namespace tacet;
using namespace tacet::fuzz;

namespace {

bool same(const MessageIndex& a, const MessageIndex& b) {
  return a.id == b.id && a.flags == b.flags && a.answers == b.answers && a.authorities == b.authorities &&
         a.additionals == b.additionals && a.question_ends == b.question_ends && a.type == b.type &&
         a.qclass == b.qclass && a.has_edns == b.has_edns && a.rcode() == b.rcode() && a.edns.begins == b.edns.begins &&
         a.edns.ends == b.edns.ends && a.minimal_ttl == b.minimal_ttl;
}

/// True if the index has looked at all of a record's RDATA, so that another parser has nothing left to refuse.
bool judged_whole(const ResourceRecord& record) {
  const RdataShape shape = shape_of(record.type);
  return record.rclass == Class::in && !shape.open_end;
}

/// ldns reads the RDATA of types that are opaque to us and of other classes; what it thinks of those does not matter.
std::vector<std::uint8_t> without_opaque_records(const Message& message) {
  constexpr Type unassigned{65280};
  std::vector<std::uint8_t> wire(message.wire().begin(), message.wire().end());
  for (const ResourceRecord& record : message.records())
    if (record.type != Type::opt && !judged_whole(record))
      store16(wire, record.ttl_at - 4U, static_cast<std::uint16_t>(unassigned));
  return wire;
}

void check_walk(const Message& message) {
  std::size_t ends = message.index().question_ends;
  std::uint32_t least = 0xFFFFFFFF;
  for (const ResourceRecord& record : message.records()) {
    require(record.owner == ends, "records lie one behind another");
    ends = record.rdata + std::size_t{record.rdata_size};
    require(!message.name_at(record.owner).wire().empty(), "owners can be read");
    if (record.type != Type::opt) least = std::min(least, record.ttl);
  }
  require(ends == message.wire().size(), "the records fill the message");
  require(least == message.index().minimal_ttl, "minimal_ttl is the least TTL");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
  std::vector<std::uint8_t> wire = copy_of({octets, size});
  const Result<MessageIndex> index = index_message(wire);
  const Result<Message> message = Message::parse(wire);
  require(message.has_value() == index.has_value(), "Message::parse and index_message agree");
  if (!index) return 0;
  require(same(*index, message->index()), "the same octets have the same index");
  require(Name::from_wire(message->question().name.wire()).has_value(), "the question's name is a name");
  check_walk(*message);

  const std::vector<std::uint8_t> judged = without_opaque_records(*message);
  if (!index_message(judged)) return 0;  // a name leaned on the octets that were changed
  ldns_pkt* packet = nullptr;
  const ldns_status status = ldns_wire2pkt(&packet, judged.data(), judged.size());
  if (status != LDNS_STATUS_OK) std::fprintf(stderr, "ldns: %s\n", ldns_get_errorstr_by_id(status));
  require(status == LDNS_STATUS_OK, "what ldns rejects is rejected");
  ldns_pkt_free(packet);
  return 0;
}
