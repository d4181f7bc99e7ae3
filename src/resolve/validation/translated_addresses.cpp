#include "resolve/validation/translated_addresses.hpp"

#include <algorithm>

#include "dns/message_builder.hpp"
#include "dns/record_copy.hpp"
#include "dns/record_walk.hpp"

namespace tacet {
namespace {

bool stays_in_the_network(const TranslationPrefix& prefix) {
  constexpr TranslationPrefix well_known{0x00, 0x64, 0xFF, 0x9B};
  constexpr std::array<std::uint8_t, 6> local_use{0x00, 0x64, 0xFF, 0x9B, 0x00, 0x01};
  const bool is_unique_local = (prefix[0] & 0xFE) == 0xFC;
  return prefix == well_known || std::ranges::equal(std::span(prefix).first(local_use.size()), local_use) ||
         is_unique_local;
}

bool leads_on(const ResourceRecord& record) {
  return record.section == Section::answer && (record.type == Type::cname || record.type == Type::dname);
}

}  // namespace

std::optional<TranslationPrefix> translation_prefix_of(const Message& answer) {
  if (answer.question().type != Type::aaaa || answer.rcode() != Rcode::noerror) return std::nullopt;
  std::optional<TranslationPrefix> found;
  bool is_one = true;
  for_each_record(answer.wire(), answer.index(), [&](const ResourceRecord& record) {
    if (record.section != Section::answer || record.type != Type::aaaa || record.rclass != Class::in) return;
    TranslationPrefix prefix;
    std::ranges::copy(answer.rdata(record).first(prefix.size()), prefix.begin());
    is_one = is_one && (!found || *found == prefix);
    found = prefix;
  });
  return found && is_one && stays_in_the_network(*found) ? found : std::nullopt;
}

std::optional<Message> translated(const Message& addresses, const TranslationPrefix& prefix) {
  Question asked = addresses.question();
  asked.type = Type::aaaa;
  MessageBuilder builder(asked);
  bool has_address = false;
  for_each_record(addresses.wire(), addresses.index(), [&](const ResourceRecord& record) {
    const bool is_address = record.section == Section::answer && record.type == Type::a && record.rclass == Class::in;
    if (leads_on(record)) copy_record(builder, addresses.wire(), record);
    if (!is_address) return;
    has_address = true;
    builder.begin_record({Section::answer, addresses.name_at(record.owner), Type::aaaa, Class::in, record.ttl});
    builder.octets(prefix);
    builder.octets(addresses.rdata(record));
    builder.end_record();
  });
  if (!has_address || builder.too_large()) return std::nullopt;
  auto made = Message::parse(builder.finish(flag::qr | flag::rd | flag::ra));
  return made ? std::optional(*std::move(made)) : std::nullopt;
}

}  // namespace tacet
