#pragma once
#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/text.hpp"

namespace tacet {

/// The name of a number in one of IANA's registries.
struct Mnemonic {
  std::uint16_t value;
  std::string_view text;
};

/// The number with this name, in any case; nothing if none has it.
inline std::optional<std::uint16_t> number_of(std::span<const Mnemonic> table, std::string_view text) {
  const auto found = std::ranges::find_if(table, [&](const Mnemonic& each) { return equal_folded(each.text, text); });
  return found == table.end() ? std::nullopt : std::optional(found->value);
}

}  // namespace tacet
