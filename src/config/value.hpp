#pragma once
#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/document.hpp"
#include "config/fault.hpp"

namespace tacet {

/// A node being read: where it stands in the tree, what is allowed there, and where its faults go.
/// Refers to the document, the table of keys and the list of faults; it must not outlive them.
class Value {
public:
  Value(const Node& node, std::string path, std::string_view allowed, std::vector<ConfigFault>& faults)
      : node_(node),
        path_(std::move(path)),
        allowed_(allowed),
        faults_(faults) {}

  const Node& node() const { return node_; }
  const std::string& path() const { return path_; }

  /// The value `name` of this mapping, at `node`.
  Value member(std::string_view name, const Node& node, std::string_view allowed) const;
  /// This value's path and rules at another place, such as one of its keys.
  Value at(const Node& node) const { return {node, path_, allowed_, faults_}; }
  /// The item `index` of this list.
  Value item(std::size_t index) const;

  /// Reports `text`, which says what is wrong and what is allowed.
  void fault(std::string text) const;
  /// Reports `what` followed by what is allowed here. Always false, so that a reader can return it.
  bool wrong(std::string_view what) const;

  /// The text of a scalar, or null after reporting that this is none.
  const std::string* scalar() const;
  /// The items of a list; nothing after reporting that this is no list, or one of more than 256 items.
  std::vector<Value> items() const;

private:
  const Node& node_;
  std::string path_;
  std::string_view allowed_;
  std::vector<ConfigFault>& faults_;
};

struct Range {
  std::uint64_t least;
  std::uint64_t most;
};

/// Each reader sets `out` if the value is allowed, and otherwise reports it and returns false.
bool read_number(const Value& value, Range range, std::uint64_t& out);
bool read_size(const Value& value, std::uint64_t& out);
bool read_bool(const Value& value, bool& out);
/// Printable text without control characters, at most `longest` octets.
bool read_line(const Value& value, std::size_t longest, std::string& out);
/// The absolute path of a file, at most `longest` octets; or empty.
bool read_path(const Value& value, std::size_t longest, std::string& out);

/// A number into whatever type the range fits.
template <std::unsigned_integral T>
bool read_number(const Value& value, Range range, T& out) {
  std::uint64_t number = 0;
  if (!read_number(value, range, number)) return false;
  out = static_cast<T>(number);
  return true;
}

template <class E>
struct Choice {
  std::string_view name;
  E value;
};

/// One of several words.
template <class E>
bool read_choice(const Value& value, std::span<const Choice<E>> choices, E& out) {
  const auto* text = value.scalar();
  if (!text) return false;
  const auto found = std::ranges::find(choices, *text, &Choice<E>::name);
  if (found == choices.end()) return value.wrong("is none of the words");
  out = found->value;
  return true;
}

}  // namespace tacet
