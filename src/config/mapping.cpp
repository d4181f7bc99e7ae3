#include "config/mapping.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <string>

#include "config/spelling.hpp"

namespace tacet {
namespace {

/// The words for a key that this mapping does not have.
std::string unknown_key(std::string_view wrong, std::span<const std::string_view> names) {
  const auto allowed = fmt::format("allowed: {}", fmt::join(names, ", "));
  if (const auto meant = nearest(wrong, names)) return fmt::format("unknown key, did you mean {}? {}", *meant, allowed);
  for (const auto& key : known_keys()) {
    const auto dot = key.rfind('.');
    if (dot != std::string::npos && key.substr(dot + 1) == wrong)
      return fmt::format("unknown key here, did you mean {}? {}", key, allowed);
  }
  return "unknown key, " + allowed;
}

}  // namespace

bool has_members(const Value& mapping) {
  if (!mapping.is(NodeKind::null) && !mapping.is(NodeKind::mapping)) mapping.wrong("is no mapping");
  return mapping.is(NodeKind::mapping);
}

void check_keys(const Value& mapping, std::span<const std::string_view> names) {
  const auto& pairs = mapping.node().children;
  std::map<std::string_view, int> first_line;
  for (std::size_t i = 0; i + 1 < pairs.size(); i += 2) {
    const auto& key = pairs[i];
    if (key.kind != NodeKind::scalar) {
      mapping.at(key).wrong("is no key");
      continue;
    }
    const auto at = mapping.member(key.text, key);
    if (const auto [first, is_new] = first_line.try_emplace(key.text, key.at.line); !is_new) {
      at.fault(fmt::format("given twice, first in line {}, allowed: once", first->second));
    } else if (std::ranges::find(names, key.text) == names.end()) {
      at.fault(unknown_key(key.text, names));
    }
  }
}

}  // namespace tacet
