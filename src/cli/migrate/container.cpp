#include "cli/migrate/container.hpp"

#include <algorithm>
#include <string_view>

#include "cli/migrate/shell_words.hpp"

namespace tacet {
namespace {

std::string text_of(const Node& mapping, std::string_view key) {
  const Node* value = mapping.find(key);
  return value && value->kind == NodeKind::scalar ? value->text : "";
}

/// A command is one text, which a shell would split, or a list of words.
void add_words(const Node* command, std::vector<std::string>& out) {
  if (!command) return;
  if (command->kind == NodeKind::scalar) {
    const auto words = split_words(command->text);
    out.insert(out.end(), words.begin(), words.end());
  }
  if (command->kind != NodeKind::list) return;
  for (const Node& word : command->children)
    if (word.kind == NodeKind::scalar) out.push_back(word.text);
}

/// {NAME: value}, [NAME=value] or [{name: NAME, value: value}].
void add_variables(const Node* environment, Container& out) {
  if (!environment) return;
  const auto& children = environment->children;
  if (environment->kind == NodeKind::mapping) {
    for (std::size_t i = 0; i + 1 < children.size(); i += 2)
      out.variables.emplace_back(children[i].text, children[i + 1].text);
    return;
  }
  for (const Node& child : children) {
    const auto equals = child.text.find('=');
    if (child.kind == NodeKind::mapping)
      out.variables.emplace_back(text_of(child, "name"), text_of(child, "value"));
    else if (equals != std::string::npos)
      out.variables.emplace_back(child.text.substr(0, equals), child.text.substr(equals + 1));
  }
}

void add_ports(const Node* ports, Container& out) {
  if (!ports || ports->kind != NodeKind::list) return;
  for (const Node& port : ports->children) {
    if (port.kind == NodeKind::scalar) out.ports.push_back(port.text);
    if (port.kind != NodeKind::mapping) continue;
    const auto address = text_of(port, "host_ip");
    const auto host = port.find("hostPort") ? text_of(port, "hostPort") : text_of(port, "published");
    const auto inside = port.find("containerPort") ? text_of(port, "containerPort") : text_of(port, "target");
    if (!host.empty()) out.ports.push_back((address.empty() ? "" : address + ":") + host + ":" + inside);
  }
}

void collect(const Node& node, std::vector<Container>& out) {
  if (node.kind == NodeKind::mapping && (node.find("image") || node.find("command"))) {
    Container& container = out.emplace_back();
    container.image = text_of(node, "image");
    for (const auto* key : {"entrypoint", "command", "args"}) add_words(node.find(key), container.words);
    for (const auto* key : {"environment", "env"}) add_variables(node.find(key), container);
    add_ports(node.find("ports"), container);
  }
  for (const Node& child : node.children) collect(child, out);
}

}  // namespace

std::vector<Container> containers_in(const Node& document) {
  std::vector<Container> containers;
  collect(document, containers);
  return containers;
}

std::vector<PublishedPort> published(const Container& container, const std::string& port) {
  std::vector<PublishedPort> out;
  for (std::string_view text : container.ports) {
    text = text.substr(0, text.find('/'));
    const auto inside = text.rfind(':');
    if (inside == std::string_view::npos || text.substr(inside + 1) != port) continue;
    text = text.substr(0, inside);
    const auto host = text.rfind(':');
    std::string address(host == std::string_view::npos ? "0.0.0.0" : text.substr(0, host));
    if (address.starts_with('[') && address.ends_with(']')) address = address.substr(1, address.size() - 2);
    out.push_back({std::move(address), std::string(text.substr(host == std::string_view::npos ? 0 : host + 1))});
  }
  return out;
}

}  // namespace tacet
