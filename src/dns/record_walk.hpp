#pragma once
#include "dns/wire.hpp"
#include "tacet/message.hpp"

namespace tacet {

/// Calls `visit(const ResourceRecord&)` for every record, OPT included, in the order of the message, without
/// allocating. `index` must be the index of `wire`.
template <class Visit>
void for_each_record(Bytes wire, const MessageIndex& index, Visit&& visit) {
  std::size_t at = index.question_ends;
  const auto walk = [&](Section section, std::uint16_t count) {
    for (; count > 0; --count) {
      ResourceRecord record{.section = section, .owner = static_cast<std::uint16_t>(at)};
      at = skip_name(wire, at);
      record.type = static_cast<Type>(load16(wire, at));
      record.rclass = static_cast<Class>(load16(wire, at + 2));
      record.ttl = effective_ttl(load32(wire, at + 4));
      record.ttl_at = static_cast<std::uint16_t>(at + 4);
      record.rdata_size = load16(wire, at + 8);
      record.rdata = static_cast<std::uint16_t>(at + record_head_size);
      at += record_head_size + record.rdata_size;
      visit(static_cast<const ResourceRecord&>(record));
    }
  };
  walk(Section::answer, index.answers);
  walk(Section::authority, index.authorities);
  walk(Section::additional, index.additionals);
}

}  // namespace tacet
