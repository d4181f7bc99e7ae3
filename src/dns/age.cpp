#include "dns/age.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "dns/record_walk.hpp"

namespace tacet {
namespace {

/// How long a record may be used after its server sent it.
std::uint32_t lifetime(const Message& message, const ResourceRecord& record) {
  constexpr std::size_t minimum_size = 4;
  const bool denies = record.section == Section::authority && record.type == Type::soa && record.rclass == Class::in;
  if (!denies) return record.ttl;
  const std::size_t minimum_at = record.rdata + record.rdata_size - minimum_size;
  return std::min(record.ttl, effective_ttl(load32(message.wire(), minimum_at)));
}

}  // namespace

Result<Message> aged(Message message, std::uint32_t seconds) {
  if (seconds == 0) return message;
  std::vector<std::uint8_t> wire(message.wire().begin(), message.wire().end());
  for_each_record(message.wire(), message.index(), [&](const ResourceRecord& record) {
    if (record.type == Type::opt) return;  // OPT has no TTL (RFC 6891 §6.1.3)
    const std::uint32_t ttl = lifetime(message, record);
    store32(wire, record.ttl_at, ttl - std::min(ttl, seconds));
  });
  return Message::parse(std::move(wire));
}

}  // namespace tacet
