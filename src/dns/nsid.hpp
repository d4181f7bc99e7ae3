#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "tacet/message.hpp"

namespace tacet {

/// As upstream_query() without DO and CD, and asks for the name of the server (§2.1).
Message query_with_nsid(const Question& question);

/// True if a query asks for the name of the server that answers it (RFC 5001 §2.1).
bool asks_nsid(Bytes query, const MessageIndex& index);

/// Adds the NSID option with this name to the reply in the first `size` octets of `buffer`. Returns the new size, or
/// `size` if the last record of the reply is no OPT or the option does not fit.
std::size_t add_nsid(std::span<std::uint8_t> buffer, std::size_t size, std::string_view name);

}  // namespace tacet
