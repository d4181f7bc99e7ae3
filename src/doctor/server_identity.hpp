#pragma once
#include <string>
#include <string_view>

#include "tacet/message.hpp"

namespace tacet {

/// The name that a server gave itself by NSID; in hexadecimal unless all of it can be printed; empty if it gave none.
std::string nsid_of(const Message& answer);

/// The first text of the first TXT record of the answer, such as that of id.server (RFC 4892); likewise.
std::string first_text_of(const Message& answer);

/// True if servers of one operator can have these two names. Names of machines and sites differ, and their form does
/// not: "FRA" and "MUC", "res100.fra.pch.net" and "res7.muc.pch.net".
bool same_form(std::string_view one, std::string_view other);

}  // namespace tacet
