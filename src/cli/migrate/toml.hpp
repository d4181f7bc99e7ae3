#pragma once
#include <expected>
#include <string_view>

#include "config/document.hpp"

namespace tacet {

/// Reads the part of TOML that configurations use: tables, keys with dots, strings of all four kinds, arrays, inline
/// tables, and everything else as text. Tables and arrays become nodes as YAML's, with their places.
std::expected<Node, SyntaxFault> parse_toml(std::string_view text);

}  // namespace tacet
