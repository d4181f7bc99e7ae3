#pragma once
#include <array>
#include <cstdint>
#include <optional>

#include "tacet/message.hpp"

namespace tacet {

/// The first 96 bits of the addresses under which a NAT64 reaches the hosts of IPv4 (RFC 6052 §2.2).
using TranslationPrefix = std::array<std::uint8_t, 12>;

/// The prefix of addresses that a DNS64 made up (RFC 6147), if all AAAA records of the answer have the same one and it
/// leads no further than the own network: 64:ff9b::/96 (RFC 6052), below 64:ff9b:1::/48 (RFC 8215) or below fc00::/7
/// (RFC 4193). Nothing for any other answer: the prefix of somebody else's network could lead to anybody.
std::optional<TranslationPrefix> translation_prefix_of(const Message& answer);

/// The answer to a question for AAAA records that a DNS64 makes from an answer with A records: its aliases, and each
/// address behind the prefix, with their TTLs. Nothing if it has no A record.
std::optional<Message> translated(const Message& addresses, const TranslationPrefix& prefix);

}  // namespace tacet
