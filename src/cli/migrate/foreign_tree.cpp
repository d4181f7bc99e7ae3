#include "cli/migrate/foreign_tree.hpp"

namespace tacet {

std::vector<ForeignSetting> ForeignMember::items() const {
  if (node.kind == NodeKind::scalar) return {setting};
  std::vector<ForeignSetting> out;
  if (node.kind == NodeKind::list)
    for (const Node& item : node.children)
      if (item.kind == NodeKind::scalar) out.push_back({item.at.line, setting.name, item.text});
  return out;
}

std::vector<ForeignMember> members_of(const Node& mapping, std::string_view prefix) {
  std::vector<ForeignMember> out;
  if (mapping.kind != NodeKind::mapping) return out;
  for (std::size_t i = 0; i + 1 < mapping.children.size(); i += 2) {
    const Node& key = mapping.children[i];
    const Node& value = mapping.children[i + 1];
    out.push_back({{key.at.line, std::string(prefix) + key.text, value.text}, value});
  }
  return out;
}

std::string text_under(const Node& mapping, std::string_view key) {
  const Node* value = mapping.find(key);
  return value && value->kind == NodeKind::scalar ? value->text : "";
}

}  // namespace tacet
