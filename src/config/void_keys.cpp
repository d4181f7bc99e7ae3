#include "config/void_keys.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

#include "config/address.hpp"

namespace tacet {
namespace {

/// Reports each key of a section that does nothing because of another one there.
void report_void(const Value& root, std::string_view section, std::span<const std::string_view> keys,
                 std::string_view why) {
  const auto* node = root.node().find(section);
  if (!node) return;
  const auto at = root.member(section, *node, {});
  for (const auto key : keys)
    if (const auto* value = node->find(key)) at.member(key, *value, {}).fault(fmt::format("has no effect {}", why));
}

bool has_key(const Value& root, std::string_view section, std::string_view key) {
  const auto* node = root.node().find(section);
  return node && node->find(key);
}

}  // namespace

void report_void_keys(const Value& root, const Config& config) {
  constexpr std::array<std::string_view, 1> allow{"allow"};
  constexpr std::array<std::string_view, 4> of_log{"clients", "names", "max_size", "keep"};
  constexpr std::array<std::string_view, 2> of_file{"max_size", "keep"};
  if (!config.rebind.allow.empty() && !has_key(root, "rebind", "protect"))
    report_void(root, "rebind", allow, "without rebind.protect, allowed: with protect: true (or false, to say so)");
  if (!has_key(root, "query_log", "to"))
    report_void(root, "query_log", of_log, "without query_log.to, allowed: with to: journal or the path of a file");
  if (config.query_log.to == "journal")
    report_void(root, "query_log", of_file, "on the journal, allowed: with the path of a file under query_log.to");
}

namespace {

/// True if a query sent there would come back to this tacet.
bool is_own(const SocketAddress& server, const Config& config) {
  return std::ranges::any_of(config.listen, [&](const SocketAddress& own) {
    const bool everywhere = own.address == "0.0.0.0" || own.address == "::";
    return own.port == server.port && (own.address == server.address || (everywhere && is_loopback(server.address)));
  });
}

void check_not_own(const Value& list, const Config& config) {
  if (list.node().kind != NodeKind::list) return;
  for (const auto& item : list.items()) {
    if (item.node().kind != NodeKind::scalar) continue;
    const auto server = parse_socket_address(item.node().text, 53);
    if (server && is_own(*server, config))
      item.fault(fmt::format("{} is where this tacet listens: it would ask itself, allowed: another server's address",
                             to_string(*server)));
  }
}

}  // namespace

void report_loops(const Value& root, const Config& config) {
  if (const auto* bootstrap = root.node().find("bootstrap"))
    check_not_own(root.member("bootstrap", *bootstrap, {}), config);
  const auto* forward = root.node().find("forward");
  if (!forward || forward->kind != NodeKind::mapping) return;
  const auto section = root.member("forward", *forward, {});
  const auto& pairs = forward->children;
  for (std::size_t i = 0; i + 1 < pairs.size(); i += 2)
    check_not_own(section.member(pairs[i].text, pairs[i + 1], {}), config);
}

}  // namespace tacet
