#include "config/value.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "config/scalar.hpp"

namespace tacet {
namespace {

/// More of anything is a mistake; it also bounds what compares each item with each other.
constexpr std::size_t most_items = 256;

/// A node as it may be named in a fault.
std::string described(const Node& node) {
  switch (node.kind) {
    case NodeKind::null:
      return "an empty value";
    case NodeKind::list:
      return node.children.empty() ? "an empty list" : "a list";
    case NodeKind::mapping:
      return "a mapping";
    case NodeKind::scalar:
      break;
  }
  return quotation(node.text);
}

/// A key as it stands in a path: bare if it looks like one of ours, else quoted.
std::string path_part(std::string_view key) {
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; };
  return !key.empty() && key.size() <= 40 && std::ranges::all_of(key, plain) ? std::string(key) : quotation(key);
}

bool is_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

/// C0, DEL, and the C1 ones that UTF-8 spells 0xc2 0x80 to 0xc2 0x9f. Pre: UTF-8, as parse_document sees to.
bool has_control_character(std::string_view text) {
  char before = 0;
  return std::ranges::any_of(text, [&before](char c) {
    const auto octet = static_cast<unsigned char>(c);
    const bool c1 = std::exchange(before, c) == '\xc2' && octet < 0xa0;
    return octet < 0x20 || octet == 0x7f || c1;
  });
}

}  // namespace

Value Value::member(std::string_view name, const Node& node, std::string_view allowed) const {
  return {node, path_.empty() ? path_part(name) : path_ + "." + path_part(name), allowed, faults_};
}

Value Value::item(std::size_t index) const {
  return {node_.children[index], fmt::format("{}[{}]", path_, index), allowed_, faults_};
}

void Value::fault(std::string text) const {
  faults_.push_back({.file = {}, .at = node_.at, .key = path_, .text = std::move(text)});
}

bool Value::wrong(std::string_view what) const {
  fault(fmt::format("{} {}, allowed: {}", described(node_), what, allowed_));
  return false;
}

const std::string* Value::scalar() const {
  if (node_.kind == NodeKind::scalar) return &node_.text;
  wrong("is no single value");
  return nullptr;
}

std::vector<Value> Value::items() const {
  std::vector<Value> out;
  if (node_.kind != NodeKind::list) {
    wrong("is no list");
    return out;
  }
  if (node_.children.size() > most_items) {
    wrong(fmt::format("of {} is longer than {}", node_.children.size(), most_items));
    return out;
  }
  out.reserve(node_.children.size());
  for (std::size_t i = 0; i < node_.children.size(); ++i) out.push_back(item(i));
  return out;
}

bool read_number(const Value& value, Range range, std::uint64_t& out) {
  const auto* text = value.scalar();
  if (!text) return false;
  const auto number = parse_number(*text);
  if (!number && !is_digits(*text)) return value.wrong("is no whole number");
  if (!number || *number < range.least || *number > range.most) return value.wrong("is out of range");
  out = *number;
  return true;
}

bool read_size(const Value& value, std::uint64_t& out) {
  const auto* text = value.scalar();
  if (!text) return false;
  const auto octets = parse_size(*text);
  if (!octets) return value.wrong("is no size");
  out = *octets;
  return true;
}

bool read_bool(const Value& value, bool& out) {
  constexpr Choice<bool> choices[] = {{"true", true}, {"false", false}};
  return read_choice<bool>(value, choices, out);
}

bool read_line(const Value& value, std::size_t longest, std::string& out) {
  const auto* text = value.scalar();
  if (!text) return false;
  if (has_control_character(*text)) return value.wrong("holds a control character");
  if (text->size() > longest) return value.wrong(fmt::format("is longer than {} octets", longest));
  out = *text;
  return true;
}

bool read_path(const Value& value, std::size_t longest, std::string& out) {
  std::string path;
  if (!read_line(value, longest, path)) return false;
  if (!path.empty() && path.front() != '/') return value.wrong("is no absolute path");
  if (path.ends_with('/')) return value.wrong("is the path of a directory");
  out = std::move(path);
  return true;
}

}  // namespace tacet
