#pragma once
#include <cstdint>

#include "tacet/message.hpp"

namespace tacet {

/// The message as it is when it has lived for `seconds` already: each TTL is less by that, and 0 if there was no more.
/// A negative answer lives no longer than the MINIMUM of its SOA (RFC 2308 §5), so an SOA in the authority section
/// begins from there. Fault::malformed if names of the message are spelled by octets of its TTLs. Pure.
Result<Message> aged(Message message, std::uint32_t seconds);

}  // namespace tacet
