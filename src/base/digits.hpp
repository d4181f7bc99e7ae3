#pragma once
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace tacet {

/// The digits of Base64 with the URL-safe alphabet (RFC 4648 §5).
inline constexpr std::string_view base64url_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The octets of a text whose characters stand for `bits` bits each (1 to 7), the first one the most significant.
/// `digits` has the 2^bits characters. Nothing if the text has another character (padding is one), a length that no
/// octets have, or bits beyond the last octet.
std::optional<std::vector<std::uint8_t>> unpacked(std::string_view text, std::string_view digits, unsigned bits);

}  // namespace tacet
