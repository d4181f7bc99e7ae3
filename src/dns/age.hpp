#pragma once
#include <cstdint>

#include "tacet/message.hpp"

namespace tacet {

/// The message after it has lived for `seconds`: each TTL is lower by that, but not below 0. A negative answer lives no
/// longer than the MINIMUM of its SOA (RFC 2308 §5), so an SOA in the authority section starts from there.
/// Fault::malformed if the octets of a TTL are part of a name. Pure.
Result<Message> aged(Message message, std::uint32_t seconds);

}  // namespace tacet
