#pragma once
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "config/fault.hpp"

namespace tacet {

/// What a YAML node is. A value that is missing or written as ~ is `null`.
enum class NodeKind { null, scalar, list, mapping };

/// A YAML node as written: it keeps duplicate keys, and every node has its place.
struct Node {
  NodeKind kind = NodeKind::null;
  Position at;
  std::string text;            ///< of a scalar
  std::vector<Node> children;  ///< of a list; of a mapping key, value, key, value …

  /// The first value under `key` in a mapping, or null.
  const Node* find(std::string_view key) const;
};

/// Why a text is no YAML document, or one that we refuse.
struct SyntaxFault {
  Position at;
  std::string text;
};

/// Reads one YAML document; an empty text is a null node. Besides broken syntax it refuses what no configuration needs
/// and an attacker might use: more than 1 MiB, nesting deeper than 16, control characters, text that is not UTF-8,
/// anchors, aliases, tags, directives and a second document.
std::expected<Node, SyntaxFault> parse_document(std::string_view text);

}  // namespace tacet
