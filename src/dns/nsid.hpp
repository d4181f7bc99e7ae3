#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "tacet/message.hpp"

namespace tacet {

/// As upstream_query() without DO and CD, and asks for the name of the server (§2.1).
Message query_with_nsid(const Question& question);

/// The same query, asking for the name of the server, too. As large as before, unless its padding was shorter than four
/// octets. Pre: made by upstream_query().
Message with_nsid(const Message& query);

/// The name that a server gave itself by NSID, as text_of_server() has it; empty if it gave none.
std::string nsid_of(const Message& answer);

/// The octets by which a server names itself; in hexadecimal unless all of them can be printed.
std::string text_of_server(Bytes octets);

/// True if a query asks for the name of the server that answers it (RFC 5001 §2.1).
bool asks_nsid(Bytes query, const MessageIndex& index);

/// Adds the NSID option with this name to the reply in the first `size` octets of `buffer`. Returns the new size, or
/// `size` if the last record of the reply is no OPT or the option does not fit.
std::size_t add_nsid(std::span<std::uint8_t> buffer, std::size_t size, std::string_view name);

}  // namespace tacet
