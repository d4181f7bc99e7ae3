#pragma once
#include <charconv>
#include <optional>
#include <string_view>
#include <system_error>

namespace tacet {

/// The decimal number that all of `text` is; nothing for other texts, and for numbers that do not fit.
template <class Number>
std::optional<Number> whole_number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace tacet
