#pragma once
#include <algorithm>
#include <ranges>
#include <string_view>

/// The parts of a text, as views into it.
namespace tacet {

inline constexpr std::string_view blanks = " \t\r\v\f";

/// The parts between the marks: "a" and "b" of "a,b". An empty text has none.
inline auto split(std::string_view text, char mark) {
  return std::views::split(text, mark) |
         std::views::transform([](auto part) { return std::string_view(part.begin(), part.end()); });
}

/// Takes the text before the first `mark` off `rest`, and drops the mark; without a mark takes all.
inline std::string_view cut(std::string_view& rest, std::string_view mark) {
  const auto begin = rest.substr(0, rest.find(mark));
  rest.remove_prefix(std::min(begin.size() + mark.size(), rest.size()));
  return begin;
}

/// The text without the blanks around it.
inline std::string_view trimmed(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
  return text.substr(0, text.find_last_not_of(blanks) + 1);
}

/// Takes the next word off `rest`; empty at the end.
inline std::string_view take_word(std::string_view& rest) {
  rest.remove_prefix(std::min(rest.find_first_not_of(blanks), rest.size()));
  const auto word = rest.substr(0, rest.find_first_of(blanks));
  rest.remove_prefix(word.size());
  return word;
}

}  // namespace tacet
