#include "cli/migrate/toml.hpp"

#include <algorithm>
#include <cctype>
#include <string>
#include <utility>
#include <vector>

#include "base/text.hpp"

namespace tacet {
namespace {

constexpr std::size_t most_levels = 16;

/// Reads values from the front of a text. A fault ends the whole reading, so it is thrown and caught in this file.
class TomlReader {
public:
  explicit TomlReader(std::string_view text)
      : text_(text),
        root_{.kind = NodeKind::mapping, .at = {1, 1}, .text = {}, .children = {}} {}

  Node read() {
    Node* table = &root_;
    for (skip_lines(); !text_.empty(); skip_lines()) {
      if (text_.front() == '[')
        table = &header();
      else
        member(*table);
      end_of_line();
    }
    return std::move(root_);
  }

private:
  [[noreturn]] void refuse(std::string why) const { throw SyntaxFault{at_, std::move(why)}; }

  char next() {
    if (text_.empty()) refuse("the text ends too early");
    const char c = text_.front();
    text_.remove_prefix(1);
    ++at_.column;
    if (c == '\n') at_ = {at_.line + 1, 1};
    return c;
  }
  bool take(std::string_view part) {
    if (!text_.starts_with(part)) return false;
    for (std::size_t i = 0; i < part.size(); ++i) next();
    return true;
  }
  void skip_blanks() {
    while (!text_.empty() && (text_.front() == ' ' || text_.front() == '\t' || text_.front() == '\r')) next();
    if (!text_.empty() && text_.front() == '#')
      while (!text_.empty() && text_.front() != '\n') next();
  }
  void skip_lines() {
    for (skip_blanks(); !text_.empty() && text_.front() == '\n'; skip_blanks()) next();
  }
  void end_of_line() {
    skip_blanks();
    if (!text_.empty() && text_.front() != '\n') refuse("something stands behind the value");
  }

  Node scalar(std::string text, Position at) const {
    return {.kind = NodeKind::scalar, .at = at, .text = std::move(text), .children = {}};
  }

  std::string escape() {
    const char c = next();
    switch (c) {
      case 'n':
        return "\n";
      case 't':
        return "\t";
      case 'r':
        return "\r";
      case '"':
      case '\\':
        return {c};
      default:
        refuse("an escape (\\) that tacet does not read");
    }
  }

  std::string quoted(std::string_view quote) {
    const auto begin = at_;
    std::string out;
    while (!take(quote)) {
      const char c = next();
      if (c == '\n' && quote.size() == 1) throw SyntaxFault{begin, "a quote is open at the end of the line"};
      if (c == '\\' && quote.front() == '"')
        out += escape();
      else
        out += c;
    }
    return out;
  }

  std::string string() {
    for (const std::string_view quote : {"\"\"\"", "'''"})
      if (take(quote)) {
        take("\n");
        return quoted(quote);
      }
    for (const std::string_view quote : {"\"", "'"})
      if (take(quote)) return quoted(quote);
    return {};
  }

  bool at_string() const { return !text_.empty() && (text_.front() == '"' || text_.front() == '\''); }

  std::string bare() {
    std::string out;
    while (!text_.empty() && std::string_view(" \t\r\n,]}=#[{").find(text_.front()) == std::string_view::npos)
      out += next();
    if (out.empty()) refuse("a value or a name is missing");
    return out;
  }

  /// "a.'b'.c".
  std::vector<std::string> path() {
    std::vector<std::string> out;
    do {
      skip_blanks();
      if (at_string()) {
        out.push_back(string());
      } else {
        std::string part;
        while (!text_.empty() && (std::isalnum(static_cast<unsigned char>(text_.front())) != 0 ||
                                  text_.front() == '-' || text_.front() == '_'))
          part += next();
        if (part.empty()) refuse("a name is missing");
        out.push_back(std::move(part));
      }
      skip_blanks();
    } while (take("."));
    return out;
  }

  /// The table under a key; makes it if it is not there. The last one of an array of tables counts.
  Node& table_in(Node& outer, const std::string& name) {
    for (std::size_t i = 0; i + 1 < outer.children.size(); i += 2) {
      if (outer.children[i].text != name) continue;
      Node& found = outer.children[i + 1];
      if (found.kind == NodeKind::list && !found.children.empty()) return found.children.back();
      if (found.kind != NodeKind::mapping) refuse("a table has the name of a value");
      return found;
    }
    outer.children.push_back(scalar(name, at_));
    outer.children.push_back({.kind = NodeKind::mapping, .at = at_, .text = {}, .children = {}});
    return outer.children.back();
  }

  /// "[a.b]" or "[[a.b]]".
  Node& header() {
    next();
    const bool array = take("[");
    const auto names = path();
    if (names.size() > most_levels) refuse("nested too deep");
    if (!take(array ? "]]" : "]")) refuse("the bracket of a table is open");
    Node* table = &root_;
    for (std::size_t i = 0; i + 1 < names.size(); ++i) table = &table_in(*table, names[i]);
    if (!array) return table_in(*table, names.back());
    Node* list = nullptr;
    for (std::size_t i = 0; i + 1 < table->children.size(); i += 2)
      if (table->children[i].text == names.back()) list = &table->children[i + 1];
    if (!list) {
      table->children.push_back(scalar(names.back(), at_));
      list = &table->children.emplace_back(Node{.kind = NodeKind::list, .at = at_, .text = {}, .children = {}});
    }
    if (list->kind != NodeKind::list) refuse("an array of tables has the name of a value");
    return list->children.emplace_back(Node{.kind = NodeKind::mapping, .at = at_, .text = {}, .children = {}});
  }

  void member(Node& table, std::size_t level = 0) {
    const auto at = at_;
    const auto names = path();
    if (!take("=")) refuse("no = stands behind the name");
    Node* inner = &table;
    for (std::size_t i = 0; i + 1 < names.size(); ++i) inner = &table_in(*inner, names[i]);
    if (inner->find(names.back())) refuse("a key stands twice");
    skip_blanks();
    auto read = value(level);
    inner->children.push_back(scalar(names.back(), at));
    inner->children.push_back(std::move(read));
  }

  void separator(std::string_view closing) {
    if (!take(",") && !text_.starts_with(closing))
      refuse(text_.empty() ? "the text ends too early" : "a comma is missing");
  }

  Node value(std::size_t level) {
    if (level > most_levels) refuse("nested too deep");
    const auto at = at_;
    if (at_string()) return scalar(string(), at);
    Node out{.kind = NodeKind::list, .at = at, .text = {}, .children = {}};
    if (take("[")) {
      for (skip_lines(); !take("]"); skip_lines()) {
        out.children.push_back(value(level + 1));
        skip_lines();
        separator("]");
      }
      return out;
    }
    if (!take("{")) return scalar(bare(), at);
    out.kind = NodeKind::mapping;
    for (skip_blanks(); !take("}"); skip_blanks()) {
      member(out, level + 1);
      skip_blanks();
      separator("}");
    }
    return out;
  }

  std::string_view text_;
  Position at_{.line = 1, .column = 1};
  Node root_;
};

}  // namespace

std::expected<Node, SyntaxFault> parse_toml(std::string_view text) {
  if (!is_utf8(text)) return std::unexpected(SyntaxFault{{}, "not UTF-8 text"});
  try {
    return TomlReader(text).read();
  } catch (const SyntaxFault& fault) {
    return std::unexpected(fault);
  }
}

}  // namespace tacet
