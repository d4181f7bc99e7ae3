#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "tacet/message.hpp"

namespace tacet {

/// True if a query asks for the name of the server that answers it (RFC 5001 §2.1).
bool asks_nsid(Bytes query, const MessageIndex& index);

/// Adds the NSID option with this name to the reply in the first `size` octets of `buffer`. Returns the new size, or
/// `size` if the last record of the reply is no OPT or the option does not fit.
std::size_t add_nsid(std::span<std::uint8_t> buffer, std::size_t size, std::string_view name);

}  // namespace tacet
