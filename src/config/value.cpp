#include "config/value.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "config/scalar.hpp"

namespace tacet {
namespace {

/// More items are a mistake. The limit also bounds the work of comparing all items.
constexpr std::size_t most_items = 256;

/// A node in the words of a fault.
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

/// A key as part of a path: bare if it looks like one of ours, otherwise quoted.
std::string path_part(std::string_view key) {
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; };
  return !key.empty() && key.size() <= 40 && std::ranges::all_of(key, plain) ? std::string(key) : quotation(key);
}

}  // namespace

Value Value::member(std::string_view name, const Node& node, std::string allowed) const {
  return {node, path_.empty() ? path_part(name) : path_ + "." + path_part(name), std::move(allowed), faults_};
}

std::optional<Value> Value::find(std::string_view path) const {
  const auto dot = path.find('.');
  const auto* node = node_.find(path.substr(0, dot));
  if (!node) return std::nullopt;
  const Value found = member(path.substr(0, dot), *node);
  return dot == std::string_view::npos ? found : found.find(path.substr(dot + 1));
}

Value Value::item(std::size_t index) const {
  return {node_.children[index], fmt::format("{}[{}]", path_, index), allowed_, faults_};
}

void Value::fault(std::string text) const {
  faults_.push_back({.file = {}, .at = node_.at, .key = path_, .text = std::move(text)});
}

void Value::wrong(std::string_view what) const {
  fault(fmt::format("{} {}, allowed: {}", described(node_), what, allowed_));
}

const std::string* Value::scalar() const {
  if (is(NodeKind::scalar)) return &node_.text;
  wrong("is no single value");
  return nullptr;
}

std::vector<Value> Value::items(std::size_t least) const {
  std::vector<Value> out;
  if (!is(NodeKind::list)) {
    wrong("is no list");
    return out;
  }
  if (node_.children.size() > most_items) {
    wrong(fmt::format("of {} is longer than {}", node_.children.size(), most_items));
    return out;
  }
  if (node_.children.size() < least) wrong("is not enough");
  out.reserve(node_.children.size());
  for (std::size_t i = 0; i < node_.children.size(); ++i) out.push_back(item(i));
  return out;
}

}  // namespace tacet
