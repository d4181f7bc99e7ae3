#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "dns/wire.hpp"
#include "tacet/message.hpp"

namespace tacet {

/// Writes a message record by record, compressing names where RFC 1035 allows it. For the slow path: it allocates.
class MessageBuilder {
public:
  /// Starts with an empty header and the question.
  explicit MessageBuilder(const Question& question);

  /// The part of a record in front of its data.
  struct RecordHead {
    Section section = Section::answer;
    Name owner;
    Type type = Type::a;
    Class rclass = Class::in;
    std::uint32_t ttl = 0;
  };
  /// Starts a record. Then call octets() and the name functions for its data, and end_record(). Sections must come in
  /// order.
  void begin_record(const RecordHead& head);
  void octets(Bytes octets) { wire_.insert(wire_.end(), octets.begin(), octets.end()); }
  void compressed_name(const Name& name);
  void plain_name(const Name& name) { octets(name.wire()); }
  void end_record();

  /// True once the message is larger than any message may be; further writes are useless.
  bool too_large() const { return wire_.size() > max_message_size; }

  /// The message with ID 0, these flags and the counts. Leaves the builder unusable.
  std::vector<std::uint8_t> finish(std::uint16_t flags);

private:
  void u16(std::uint16_t value) {
    octets(std::array{static_cast<std::uint8_t>(value >> 8), static_cast<std::uint8_t>(value)});
  }

  std::vector<std::uint8_t> wire_;
  std::unordered_map<std::string, std::uint16_t> suffixes_;  // wire form, case as written → offset
  std::array<std::uint16_t, 3> counts_{};
  std::size_t rdata_ = 0;
};

}  // namespace tacet
