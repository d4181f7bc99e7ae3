#pragma once
#include <optional>

#include "dns/edns.hpp"
#include "tacet/message.hpp"

namespace tacet {

/// Why an answer that cannot be proven looks like the block of an upstream that filters names: it says so (RFC 8914
/// §4.5, §4.16 to §4.18), all its addresses are 0.0.0.0 or ::, or it denies the name without any record. Nothing for
/// any other answer.
std::optional<ExtendedError> block_in(const Message& answer);

}  // namespace tacet
