#include "dns/message_builder.hpp"

#include <algorithm>

namespace tacet {
namespace {

constexpr std::size_t pointer_reach = 0x4000;  // the range of 14 bits (RFC 1035 §4.1.4)

}  // namespace

MessageBuilder::MessageBuilder(const Question& question) : wire_(header_size) {
  compressed_name(question.name);
  u16(static_cast<std::uint16_t>(question.type));
  u16(static_cast<std::uint16_t>(question.qclass));
}

void MessageBuilder::begin_record(const RecordHead& head) {
  ++counts_[static_cast<std::size_t>(head.section)];
  compressed_name(head.owner);
  u16(static_cast<std::uint16_t>(head.type));
  u16(static_cast<std::uint16_t>(head.rclass));
  u16(static_cast<std::uint16_t>(head.ttl >> 16));
  u16(static_cast<std::uint16_t>(head.ttl));
  u16(0);
  rdata_ = wire_.size();
}

void MessageBuilder::end_record() { store16(wire_, rdata_ - 2, static_cast<std::uint16_t>(wire_.size() - rdata_)); }

void MessageBuilder::compressed_name(const Name& name) {
  Bytes rest = name.wire();
  for (; rest.size() > 1; rest = rest.subspan(rest[0] + 1U)) {
    std::string suffix(rest.begin(), rest.end());
    if (const auto known = suffixes_.find(suffix); known != suffixes_.end()) {
      u16(static_cast<std::uint16_t>(0xC000 | known->second));
      return;
    }
    if (wire_.size() < pointer_reach) suffixes_.emplace(std::move(suffix), static_cast<std::uint16_t>(wire_.size()));
    octets(rest.first(rest[0] + 1U));
  }
  octets(rest);
}

std::vector<std::uint8_t> MessageBuilder::finish(std::uint16_t flags) {
  store16(wire_, 2, flags);
  store16(wire_, 4, 1);
  for (std::size_t section = 0; section < counts_.size(); ++section) store16(wire_, 6 + 2 * section, counts_[section]);
  return std::move(wire_);
}

}  // namespace tacet
