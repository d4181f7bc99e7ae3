#include "tacet/message.hpp"

#include <algorithm>
#include <array>

#include "dns/rdata_shape.hpp"
#include "dns/record_walk.hpp"
#include "dns/wire.hpp"

namespace tacet {
namespace {

/// shape_of() as a table: the pass below takes only nanoseconds.
constexpr auto shapes = [] {
  std::array<RdataShape, static_cast<std::size_t>(Type::https) + 1> table;
  for (std::size_t type = 0; type < table.size(); ++type) table[type] = shape_of(static_cast<Type>(type));
  return table;
}();

/// One pass over a message. Every step returns false if the format is broken and leaves its words in `complaint`.
class Indexer {
public:
  explicit Indexer(Bytes wire) : wire_(wire) {}

  bool run() { return run_to_last_record() && ended(); }
  /// Ignores what follows the last record; ends() gives its offset.
  bool run_to_last_record() { return header() && question() && sections(); }
  const MessageIndex& index() const { return index_; }
  std::size_t ends() const { return at_; }
  const char* complaint() const { return complaint_; }

private:
  bool broken(const char* complaint) {
    complaint_ = complaint;
    return false;
  }

  bool header() {
    if (wire_.size() < header_size) return broken("shorter than a header");
    if (wire_.size() > max_message_size) return broken("longer than 65535 octets");
    if (load16(wire_, 4) != 1) return broken("not exactly one question");
    index_.id = load16(wire_, 0);
    index_.flags = load16(wire_, 2);
    index_.answers = load16(wire_, 6);
    index_.authorities = load16(wire_, 8);
    index_.additionals = load16(wire_, 10);
    return true;
  }

  bool question() {
    at_ = header_size;
    if (!name(wire_.size(), false)) return broken("the question's name is broken or compressed");
    question_name_size_ = at_ - header_size;
    if (wire_.size() - at_ < 4) return broken("a question that is cut off");
    index_.type = static_cast<Type>(load16(wire_, at_));
    index_.qclass = static_cast<Class>(load16(wire_, at_ + 2));
    at_ += 4;
    index_.question_ends = static_cast<std::uint16_t>(at_);
    return true;
  }

  bool sections() {
    for (unsigned left = index_.answers; left > 0; --left)
      if (!record(Section::answer)) return false;
    for (unsigned left = index_.authorities; left > 0; --left)
      if (!record(Section::authority)) return false;
    for (unsigned left = index_.additionals; left > 0; --left)
      if (!record(Section::additional)) return false;
    return true;
  }

  bool ended() { return at_ == wire_.size() || broken("octets behind the last record"); }

  bool record(Section section) {
    const std::size_t owner = at_;
    if (!name(wire_.size(), true)) return broken("an owner name is broken");
    if (wire_.size() - at_ < record_head_size) return broken("a record that is cut off");
    const auto type = static_cast<Type>(load16(wire_, at_));
    const auto rclass = static_cast<Class>(load16(wire_, at_ + 2));
    const std::uint32_t ttl = effective_ttl(load32(wire_, at_ + 4));
    const std::size_t size = load16(wire_, at_ + 8);
    at_ += record_head_size;
    if (wire_.size() - at_ < size) return broken("a record whose data is cut off");
    const std::size_t end = at_ + size;
    if (type == Type::opt) return opt(section, owner, end);
    index_.minimal_ttl = std::min(index_.minimal_ttl, ttl);
    if (rclass == Class::in && !rdata(type, end)) return broken("a record whose data breaks its type's format");
    at_ = end;
    return true;
  }

  /// Pre: the fixed part of the OPT record lies in bounds and at_ is at its options, which end at `end`.
  bool opt(Section section, std::size_t owner, std::size_t end) {
    if (index_.has_edns) return broken("two OPT records");
    if (section != Section::additional || wire_[owner] != 0) return broken("a misplaced OPT record");
    const std::size_t fixed = at_ - record_head_size;
    index_.has_edns = true;
    index_.edns = {.udp_size = load16(wire_, fixed + 2),
                   .extended_rcode = wire_[fixed + 4],
                   .version = wire_[fixed + 5],
                   .dnssec_ok = (wire_[fixed + 6] & 0x80) != 0,
                   .begins = static_cast<std::uint16_t>(owner),
                   .ends = static_cast<std::uint16_t>(end)};
    return pairs(end) || broken("EDNS options that do not fill their record");
  }

  /// Code, length, value… up to `end` exactly: EDNS options and service parameters have the same frame.
  bool pairs(std::size_t end) {
    while (at_ < end) {
      if (end - at_ < 4) return false;
      const std::size_t size = load16(wire_, at_ + 2);
      if (end - at_ - 4 < size) return false;
      at_ += 4 + size;
    }
    return true;
  }

  bool rdata(Type type, std::size_t end) {
    const auto number = static_cast<std::size_t>(type);
    if (number >= shapes.size()) return true;
    const RdataShape& shape = shapes[number];
    if (end - at_ < shape.before) return false;
    at_ += shape.before;
    for (int strings = shape.strings; strings > 0; --strings) {
      if (at_ >= end || end - at_ <= wire_[at_]) return false;
      at_ += wire_[at_] + 1U;
    }
    for (int names = shape.names; names > 0; --names)
      if (!name(end, shape.form != RdataShape::Names::uncompressed)) return false;
    if (end - at_ < shape.after) return false;
    at_ += shape.after;
    if (type == Type::svcb || type == Type::https) return pairs(end);
    return shape.open_end || at_ == end;
  }

  /// Checks the name at at_ and moves behind it. The name must end before `end`. Its pointers may lead anywhere below
  /// the part that holds them, so they cannot loop, and max_hops bounds a chain of bare pointers.
  bool name(std::size_t end, bool may_point) {
    if (may_point && end - at_ >= 2 && load16(wire_, at_) == pointer_to_question) {  // as most owner names are
      at_ += 2;
      return true;
    }
    std::size_t length = 0;
    std::size_t floor = at_;
    bool jumped = false;
    int hops = 0;
    for (std::size_t at = at_; at < end;) {
      const std::size_t octet = wire_[at];
      if (octet < 0x40) {
        length += octet + 1;
        at += octet + 1;
        if (length > Name::max_size) return false;
        if (octet != 0) continue;
        if (!jumped) at_ = at;
        return true;
      }
      if (octet < 0xC0 || !may_point || at + 1 >= end || ++hops > max_hops) return false;
      const std::size_t target = (octet & 0x3F) << 8 | wire_[at + 1];
      if (target >= floor || target < header_size) return false;
      if (!jumped) at_ = at + 2;
      if (target == header_size) return length + question_name_size_ <= Name::max_size;
      jumped = true;
      end = wire_.size();
      floor = at = target;
    }
    return false;
  }

  static constexpr std::uint16_t pointer_to_question = 0xC000 | header_size;
  static constexpr int max_hops = 127;  // as many labels as a name can have

  Bytes wire_;
  std::size_t at_ = 0;
  std::size_t question_name_size_ = 0;
  MessageIndex index_;
  const char* complaint_ = "";
};

}  // namespace

Result<MessageIndex> index_message(Bytes wire) {
  Indexer indexer(wire);
  if (!indexer.run()) return fail(Fault::malformed, indexer.complaint());
  return indexer.index();
}

Result<Message> Message::parse(std::vector<std::uint8_t> wire) {
  const Result<MessageIndex> index = index_message(wire);
  if (!index) return fail(index.error());
  Message message;
  message.wire_ = std::move(wire);
  message.index_ = *index;
  return message;
}

Result<Message> Message::parse_answer(std::vector<std::uint8_t> wire) {
  Indexer indexer(wire);
  if (!indexer.run_to_last_record()) return fail(Fault::malformed, indexer.complaint());
  wire.resize(indexer.ends());
  Message message;
  message.wire_ = std::move(wire);
  message.index_ = indexer.index();
  return message;
}

Question Message::question() const {
  if (wire_.empty()) return {};
  return {name_at(header_size), index_.type, index_.qclass};
}

std::vector<ResourceRecord> Message::records() const {
  std::vector<ResourceRecord> records;
  records.reserve(std::size_t{index_.answers} + index_.authorities + index_.additionals);
  for_each_record(wire_, index_, [&](const ResourceRecord& record) { records.push_back(record); });
  return records;
}

Name Message::name_at(std::uint16_t offset) const { return expand_name(wire_, offset); }

}  // namespace tacet
