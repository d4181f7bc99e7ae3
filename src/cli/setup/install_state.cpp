#include "cli/setup/install_state.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <ranges>
#include <utility>

#include "base/text_parts.hpp"
#include "config/address.hpp"
#include "doctor/host_checks.hpp"

namespace tacet {
namespace {

constexpr auto resolv_conf = "/etc/resolv.conf";

std::string head_of(const InstallState& state) {
  auto text = fmt::format("# Written by `tacet install`; beside it, before/ holds every file as it was.\nserver {}\n",
                          state.server);
  for (const auto manager : state.managers) text += fmt::format("manager {}\n", to_string(manager));
  return text;
}

/// False for an unknown line.
bool read_line(std::string_view line, InstallState& state) {
  const auto space = line.find(' ');
  const auto key = line.substr(0, space);
  const std::string value(space == std::string_view::npos ? "" : line.substr(space + 1));
  if (key == "#" || key.empty()) return true;
  if (key == "manager") {
    const auto manager = manager_named(value);
    if (manager) state.managers.push_back(*manager);
    return manager.has_value();
  }
  if (key == "server") return state.server = value, true;
  return state.kept.read(line);
}

}  // namespace

InstallState first_state(const std::string& root, const std::string& server) {
  return {.managers = {}, .server = server, .kept = KeptFiles(root, "/var/lib/tacet/install", "state")};
}

Result<std::optional<InstallState>> load_state(const std::string& root) {
  auto state = first_state(root, {});
  const auto path = state.kept.record_path();
  const auto image = read_image(path);
  if (!image) return fail(image.error());
  if (image->kind == FileImage::Kind::absent) return std::optional<InstallState>{};
  for (const auto line : split(image->content, '\n'))
    if (!read_line(line, state)) return fail(Fault::malformed, fmt::format("{}: not written by tacet", path));
  if (state.managers.empty()) return fail(Fault::malformed, fmt::format("{}: names no manager", path));
  return state;
}

Result<InstallState> save_state(InstallState state, const InstallPlan& plan) {
  for (const auto& change : plan.files) {
    if (state.kept.has(change.path)) continue;
    if (auto kept = state.kept.keep(change.path); !kept) return fail(kept.error());
  }
  if (auto saved = state.kept.save(head_of(state)); !saved) return fail(saved.error());
  return state;
}

bool taken_over(const InstallState& state) {
  if (!state.kept.has(resolv_conf)) return false;
  const auto now = read_image(state.kept.at_root(resolv_conf));
  if (!now || now->kind != FileImage::Kind::file) return false;
  if (const auto before = read_image(state.kept.copy("before", resolv_conf)); before && *now == *before) return false;
  const auto servers = nameservers(now->content);
  return !servers.empty() && std::ranges::find(servers, state.server) == servers.end();
}

std::string strayed_resolv_conf(const std::string& root, const std::vector<std::string>& listening) {
  const auto state = load_state(root);
  const auto is_its = [&](const std::string& text) {
    const auto at = parse_socket_address(text, 53);
    return at && at->port == 53 && (at->address.is_unspecified() || at->address.to_string() == (*state)->server);
  };
  if (!state || !*state || std::ranges::none_of(listening, is_its)) return {};
  const auto text = resolv_conf_text(root);
  const auto servers = nameservers(text);
  const auto leads_to_us = [&](const std::string& server) {
    return server == (*state)->server || is_resolved_stub(server);
  };
  if (servers.empty() || std::ranges::any_of(servers, leads_to_us)) return {};
  return fmt::format("/etc/resolv.conf names {} and no longer tacet{}: programs go past it (sudo tacet install)",
                     fmt::join(servers, ", "), signed_by(text));
}

Result<void> restore_files(const InstallState& state) {
  Result<void> outcome;
  const bool keep_theirs = taken_over(state);
  for (const auto& path : std::views::reverse(state.kept.files())) {
    if (keep_theirs && path == resolv_conf) continue;
    const auto restored = state.kept.restore(path);
    if (!restored && outcome) outcome = restored;
  }
  state.kept.remove_directories();
  return outcome;
}

}  // namespace tacet
