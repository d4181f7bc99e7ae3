#include "config/manual.hpp"

#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "base/text_parts.hpp"

namespace tacet {
namespace {

/// troff's names of characters that our pages use.
constexpr std::array<std::pair<std::string_view, std::string_view>, 8> characters{{{"\\(dq", "\""},
                                                                                   {"\\(lq", "\""},
                                                                                   {"\\(rq", "\""},
                                                                                   {"\\(aq", "'"},
                                                                                   {"\\[:u]", "ü"},
                                                                                   {"\\-", "-"},
                                                                                   {"\\e", "\\"},
                                                                                   {"\\&", ""}}};

std::string plain(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto found = std::ranges::find_if(characters, [&](const auto& one) { return text.starts_with(one.first); });
    out += found == characters.end() ? text.substr(0, 1) : found->second;
    text.remove_prefix(found == characters.end() ? 1 : found->first.size());
  }
  return out;
}

/// The arguments of a macro: words, or texts in double quotes.
std::vector<std::string> arguments(std::string_view line) {
  std::vector<std::string> out;
  while (!line.empty()) {
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    if (line.empty()) break;
    const bool quoted = line.front() == '"';
    if (quoted) line.remove_prefix(1);
    const auto end = std::min(line.find(quoted ? '"' : ' '), line.size());
    out.push_back(plain(line.substr(0, end)));
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return out;
}

/// The text in a line of a font macro; nothing for any other macro. ".BR a b" alternates two fonts without a space.
std::optional<std::string> in_font(std::string_view line) {
  const auto name = line.substr(0, line.find(' '));
  const bool single = name == ".B" || name == ".I";
  if (!single && !(name.size() == 3 && std::string_view("BIR").find(name[1]) != std::string_view::npos &&
                   std::string_view("BIR").find(name[2]) != std::string_view::npos))
    return std::nullopt;
  std::string out;
  for (const auto& word : arguments(line.substr(name.size()))) out += (single && !out.empty() ? " " : "") + word;
  return out;
}

/// Adds a line of the page to an entry.
void add_line(std::string_view line, std::string& entry) {
  const auto text = line.starts_with('.') ? in_font(line).value_or("") : plain(line);
  if (!text.empty()) entry += (entry.empty() ? "" : " ") + text;
}

}  // namespace

std::map<std::string, std::string> manual_entries(std::string_view page) {
  std::map<std::string, std::string> entries;
  std::string* entry = nullptr;
  bool names_key = false;
  for (const std::string_view line : split(page, '\n')) {
    if (std::exchange(names_key, line == ".TP")) {
      entry = line.starts_with(".B ") ? &entries[plain(line.substr(3))] : nullptr;
    } else if (names_key || line.starts_with(".SH") || line.starts_with(".SS")) {
      entry = nullptr;
    } else if (entry) {
      add_line(line, *entry);
    }
  }
  return entries;
}

}  // namespace tacet
