#pragma once
#include <optional>
#include <span>
#include <string_view>

namespace tacet {

/// The word nearest to `wrong` by edit distance; nothing if none is near enough.
std::optional<std::string_view> nearest(std::string_view wrong, std::span<const std::string_view> words);

}  // namespace tacet
