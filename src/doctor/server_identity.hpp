#pragma once
#include <string>
#include <string_view>

#include "tacet/message.hpp"

namespace tacet {

/// The first text of the first TXT record of the answer, such as that of id.server (RFC 4892), as text_of_server() has
/// it; empty if there is none.
std::string first_text_of(const Message& answer);

/// True if servers of one operator can have these two names. Names of machines and sites differ, and their form does
/// not: "FRA" and "MUC", "res100.fra.pch.net" and "res7.muc.pch.net".
bool same_form(std::string_view one, std::string_view other);

}  // namespace tacet
