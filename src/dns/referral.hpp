#pragma once
#include "tacet/message.hpp"

namespace tacet {

/// True if a server names others in place of an answer, and will not ask them: no answer, neither AA nor RA, and name
/// servers without a SOA (RFC 2308 §2.2). So answer servers of a zone that has delegated the name, and old ones that do
/// not have the zone. Pure.
bool is_referral(const Message& response);

}  // namespace tacet
