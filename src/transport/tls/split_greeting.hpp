#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "tacet/name.hpp"

namespace tacet {

/// Octets of which the first `head` are to leave in a segment of their own.
struct SplitGreeting {
  std::vector<std::uint8_t> octets;
  std::size_t head = 0;
};

/// The TLS records of `records`, with the one that holds a whole ClientHello put into two (RFC 8446 §5.1 allows it).
/// The cut goes through the middle of `name` if the greeting carries it, otherwise through the middle of the greeting.
/// So neither half shows the name or a whole greeting. Nothing if there is no such record.
std::optional<SplitGreeting> split_greeting(Bytes records, std::string_view name);

}  // namespace tacet
