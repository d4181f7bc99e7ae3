#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tacet/name.hpp"

namespace tacet {

/// Base64 with the URL-safe alphabet and without padding (RFC 4648 §5), as RFC 8484 §6 wants it.
std::string base64url(Bytes octets);

/// The octets of such a text; nothing if it has another character (padding is one), a length that no octets have, or
/// bits beyond the last octet.
std::optional<std::vector<std::uint8_t>> from_base64url(std::string_view text);

}  // namespace tacet
