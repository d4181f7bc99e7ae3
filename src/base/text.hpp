#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include "tacet/name.hpp"

/// Octets as text: which of them are UTF-8, and the case of ASCII letters.
namespace tacet {

/// The same octets as characters. They live as long as `octets` do.
inline std::string_view chars_of(Bytes octets) { return {reinterpret_cast<const char*>(octets.data()), octets.size()}; }

/// The same characters as octets. They live as long as `text` does.
inline Bytes bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// The octets, 1 to 4, of the UTF-8 sequence at the front of `text` (RFC 3629 §4); 0 if none is there.
std::size_t utf8_length(std::string_view text);

/// True if all of `text` is UTF-8.
bool is_utf8(std::string_view text);

/// True if no octet is above 0x7F.
bool is_ascii(std::string_view text);

/// True if a control character is at the front of `text`: C0, DEL, or C1, which UTF-8 spells 0xC2 0x80 to 0xC2 0x9F.
bool starts_with_control(std::string_view text);

/// `text` with ASCII letters in lower case: each octet as fold() has it.
std::string lower_case(std::string_view text);

/// True if `a` and `b` differ at most in the case of ASCII letters.
bool equal_folded(Bytes a, Bytes b);
inline bool equal_folded(std::string_view a, std::string_view b) { return equal_folded(bytes_of(a), bytes_of(b)); }

}  // namespace tacet
