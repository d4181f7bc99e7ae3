#pragma once
#include <algorithm>
#include <vector>

#include "dns/wire.hpp"
#include "tacet/message.hpp"

namespace tacet {

/// A question in as little memory as possible: in an outage hundreds of queries wait, and each connection that carried
/// a query holds its question.
class PackedQuestion {
public:
  explicit PackedQuestion(const Question& question) : octets_(question.name.wire().size() + 4) {
    std::ranges::copy(question.name.wire(), octets_.begin());
    store16(octets_, octets_.size() - 4, static_cast<std::uint16_t>(question.type));
    store16(octets_, octets_.size() - 2, static_cast<std::uint16_t>(question.qclass));
  }

  Question unpacked() const {
    const Bytes octets(octets_);
    const std::size_t end = octets.size() - 4;
    return {Name::from_checked_wire(octets.first(end)), static_cast<Type>(load16(octets, end)),
            static_cast<Class>(load16(octets, end + 2))};
  }

private:
  std::vector<std::uint8_t> octets_;
};

}  // namespace tacet
