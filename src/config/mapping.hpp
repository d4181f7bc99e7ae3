#pragma once
#include <span>
#include <string_view>
#include <vector>

#include "config/keys.hpp"
#include "config/value.hpp"

namespace tacet {

/// True for a mapping with members. Reports a value that is neither a mapping nor empty.
bool has_members(const Value& mapping);

/// Reports keys of a mapping that are no text, none of `names`, or duplicates: yaml-cpp accepts duplicates in silence.
void check_keys(const Value& mapping, std::span<const std::string_view> names);

/// Reads the keys of one section of a table, in the order of the table. A key without a value sets nothing.
template <class T>
void read_mapping(const Value& mapping, std::span<const ConfigKey<T>> keys, T& out, std::string_view section = {}) {
  if (!has_members(mapping)) return;
  std::vector<std::string_view> names;
  for (const auto& key : keys)
    if (key.section() == section) names.push_back(key.leaf());
  check_keys(mapping, names);
  for (const auto& key : keys) {
    const auto* node = key.section() == section ? mapping.node().find(key.leaf()) : nullptr;
    if (!node) continue;
    const Value value = mapping.member(key.leaf(), *node, allowed(key.form));
    if (key.is_section())
      read_mapping(value, keys, out, key.name);
    else
      key.read(value, key.form, out);
  }
}

}  // namespace tacet
