#pragma once
#include "tacet/message.hpp"

namespace tacet {

/// The query as RFC 1035 defines it: without OPT, AD and CD. Servers without EDNS may also not know CD, and take it for
/// an error. Pre: `query` has an OPT, which is its last record.
Message without_opt(const Message& query);

}  // namespace tacet
