#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/document.hpp"
#include "config/fault.hpp"

namespace tacet {

/// A node while it is read: its place in the tree, what is allowed there, and the list for its faults. Refers to the
/// document and the list, and must not outlive them.
class Value {
public:
  Value(const Node& node, std::string path, std::string allowed, std::vector<ConfigFault>& faults)
      : node_(node),
        path_(std::move(path)),
        allowed_(std::move(allowed)),
        faults_(faults) {}

  const Node& node() const { return node_; }
  bool is(NodeKind kind) const { return node_.kind == kind; }

  /// The value `name` of this mapping, at `node`.
  Value member(std::string_view name, const Node& node, std::string allowed = {}) const;
  /// The value below this mapping at a path such as "cache.size"; nothing if there is none. It does not know what is
  /// allowed there.
  std::optional<Value> find(std::string_view path) const;
  /// This value's path and rules at another place, such as one of its keys.
  Value at(const Node& node) const { return {node, path_, allowed_, faults_}; }
  /// The item `index` of this list.
  Value item(std::size_t index) const;

  /// Reports `text`: what is wrong and what is allowed.
  void fault(std::string text) const;
  /// Reports `what` followed by what is allowed here.
  void wrong(std::string_view what) const;

  /// The text of a scalar; null after a report that this is none.
  const std::string* scalar() const;
  /// The items of a list; nothing after a report that this is no list, or has more than 256 items. Also reports a list
  /// of fewer than `least` items.
  std::vector<Value> items(std::size_t least = 0) const;
  /// False for an empty list and an empty value, which set nothing.
  bool says_something() const { return !is(NodeKind::null) && (!is(NodeKind::list) || !node_.children.empty()); }

private:
  const Node& node_;
  std::string path_;
  std::string allowed_;
  std::vector<ConfigFault>& faults_;
};

}  // namespace tacet
