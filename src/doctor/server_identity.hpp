#pragma once
#include <string>

#include "tacet/message.hpp"

namespace tacet {

/// The name that a server gave itself by NSID; in hexadecimal unless all of it can be printed; empty if it gave none.
std::string nsid_of(const Message& answer);

/// The first text of the first TXT record of the answer, such as that of id.server (RFC 4892); likewise.
std::string first_text_of(const Message& answer);

}  // namespace tacet
