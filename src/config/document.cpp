#include "config/document.hpp"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <optional>
#include <sstream>
#include <utility>

#include "base/text.hpp"

namespace tacet {
namespace {

constexpr std::size_t most_octets = 1U << 20;
constexpr std::size_t most_levels = 16;

/// yaml-cpp counts from 0 and marks "nowhere" with -1.
Position position(const YAML::Mark& mark) { return {.line = mark.line + 1, .column = mark.column + 1}; }

/// Valid YAML that we refuse. It is thrown through yaml-cpp, because an event cannot stop yaml-cpp otherwise.
struct YamlFault {
  Position at;
  std::string why;
};

/// Builds our nodes from yaml-cpp's events. yaml-cpp's own tree would hide duplicate keys from a lookup, share aliased
/// nodes, and be complete before we could apply a limit.
class Builder : public YAML::EventHandler {
public:
  Node take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (std::exchange(started_, true)) refuse(mark, "a second document begins here, allowed: one");
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    refuse_extras(mark, "", anchor);
    add({.kind = NodeKind::null, .at = position(mark), .text = {}, .children = {}});
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { refuse(mark, "an alias (*) is not allowed here"); }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    refuse_extras(mark, tag, anchor);
    // yaml-cpp turns \N and \_ in quotes into the bare octets 0x85 and 0xa0.
    if (!is_utf8(value)) refuse(mark, "an escape (\\) that makes no UTF-8 text is not allowed here");
    add({.kind = NodeKind::scalar, .at = position(mark), .text = value, .children = {}});
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    refuse_extras(mark, tag, anchor);
    open(mark, NodeKind::list);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    refuse_extras(mark, tag, anchor);
    open(mark, NodeKind::mapping);
  }
  void OnMapEnd() override { close(); }

private:
  [[noreturn]] static void refuse(const YAML::Mark& mark, const std::string& why) {
    throw YamlFault{position(mark), why};
  }

  /// yaml-cpp gives plain and quoted scalars the tags "?" and "!"; any other tag stands in the file.
  static void refuse_extras(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    if (anchor != 0) refuse(mark, "an anchor (&) is not allowed here");
    if (!tag.empty() && tag != "?" && tag != "!") refuse(mark, "a tag (!) is not allowed here");
  }

  void open(const YAML::Mark& mark, NodeKind kind) {
    if (open_.size() >= most_levels) refuse(mark, fmt::format("nested deeper than {} levels", most_levels));
    open_.push_back({.kind = kind, .at = position(mark), .text = {}, .children = {}});
  }

  void close() {
    Node done = std::move(open_.back());
    open_.pop_back();
    add(std::move(done));
  }

  void add(Node node) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Node& parent = open_.back();
    // The mark of a missing value is where the mapping begins; its key is a better place to report.
    const bool is_value = parent.kind == NodeKind::mapping && parent.children.size() % 2 == 1;
    if (is_value && node.kind == NodeKind::null) node.at = parent.children.back().at;
    parent.children.push_back(std::move(node));
  }

  std::vector<Node> open_;  ///< from the root inwards; a closed node moves into the one before it
  Node root_;
  bool started_ = false;
};

Position position_of(std::string_view text, std::size_t offset) {
  const auto before = text.substr(0, offset);
  const auto last_newline = before.rfind('\n');
  const auto column = last_newline == std::string_view::npos ? offset : offset - last_newline - 1;
  return {.line = static_cast<int>(std::ranges::count(before, '\n')) + 1, .column = static_cast<int>(column) + 1};
}

/// yaml-cpp takes NUL and 0x04 as ends of input, which would hide the rest. No other control character belongs here.
bool is_control(char c) {
  const auto octet = static_cast<unsigned char>(c);  // char has no sign on ARM
  return (octet < 0x20 && c != '\n' && c != '\r' && c != '\t') || octet == 0x7f;
}

std::optional<SyntaxFault> bad_octet(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    if (is_control(text[i])) {
      const auto value = static_cast<unsigned char>(text[i]);
      return SyntaxFault{position_of(text, i), fmt::format("the control character 0x{:02x} is not allowed", value)};
    }
    const auto length = utf8_length(text.substr(i));
    if (length == 0) return SyntaxFault{position_of(text, i), "not UTF-8 text"};
    i += length;
  }
  return std::nullopt;
}

/// yaml-cpp skips a line that begins with "%" in silence.
std::optional<SyntaxFault> directive(std::string_view text) {
  const auto before = text.starts_with('%') ? 0 : text.find("\n%");
  if (before == std::string_view::npos) return std::nullopt;
  const auto offset = text[before] == '%' ? before : before + 1;
  return SyntaxFault{position_of(text, offset), "a directive (%) is not allowed here"};
}

/// Whether a tab stands in the indentation of a line, counted from 0.
bool tab_indents(std::string_view text, int line) {
  for (; line > 0 && text.contains('\n'); --line) text.remove_prefix(text.find('\n') + 1);
  const auto indentation = text.substr(0, text.find_first_not_of(" \t"));
  return line == 0 && indentation.contains('\t');
}

/// yaml-cpp says "illegal map value" of a line that begins with a tab, which looks right to people.
SyntaxFault fault_of(const YAML::Exception& e, std::string_view text) {
  if (tab_indents(text, e.mark.line))
    return {position(e.mark), "no valid YAML: a tab indents this line, allowed: spaces"};
  return {position(e.mark), "no valid YAML: " + e.msg};
}

Node build(std::string_view text) {
  // yaml-cpp accepts an open quote if a newline ends the file.
  text = text.substr(0, text.find_last_not_of("\r\n") + 1);
  std::istringstream stream{std::string(text)};
  YAML::Parser parser(stream);
  Builder builder;
  while (parser.HandleNextDocument(builder)) {
  }
  return builder.take();
}

}  // namespace

const Node* Node::find(std::string_view key) const {
  if (kind != NodeKind::mapping) return nullptr;
  for (std::size_t i = 0; i + 1 < children.size(); i += 2) {
    if (children[i].kind == NodeKind::scalar && children[i].text == key) return &children[i + 1];
  }
  return nullptr;
}

std::expected<Node, SyntaxFault> parse_document(std::string_view text) {
  if (text.size() > most_octets) {
    return std::unexpected(SyntaxFault{{}, "larger than 1 MiB"});
  }
  if (auto fault = bad_octet(text)) return std::unexpected(*std::move(fault));
  if (auto fault = directive(text)) return std::unexpected(*std::move(fault));
  try {
    return build(text);
  } catch (const YamlFault& refusal) {
    return std::unexpected(SyntaxFault{refusal.at, refusal.why});
  } catch (const YAML::Exception& e) {
    return std::unexpected(fault_of(e, text));
  }
}

}  // namespace tacet
