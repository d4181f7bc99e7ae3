#include "cli/setup/install_state.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <ranges>
#include <system_error>
#include <utility>

#include "cli/setup/file_copies.hpp"

namespace tacet {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view folder = "/var/lib/tacet/install";
constexpr std::string_view resolv_conf = "/etc/resolv.conf";

std::string state_path(const std::string& root) { return fmt::format("{}{}/state", root, folder); }
std::string copy_path(const std::string& root, const std::string& path) {
  return fmt::format("{}{}/before{}", root, folder, path);
}

std::string text_of(const InstallState& state) {
  auto text = fmt::format("# Written by `tacet install`; beside it, before/ holds every file as it was.\nserver {}\n",
                          state.server);
  for (const auto manager : state.managers) text += fmt::format("manager {}\n", to_string(manager));
  for (const auto& directory : state.directories) text += fmt::format("directory {}\n", directory);
  for (const auto& file : state.files) text += fmt::format("file {}\n", file);
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
  if (!value.starts_with('/')) return false;
  if (key == "directory") return state.directories.push_back(value), true;
  if (key == "file") return state.files.push_back(value), true;
  return false;
}

}  // namespace

Result<std::optional<InstallState>> load_state(const std::string& root) {
  const auto path = state_path(root);
  const auto image = read_image(path);
  if (!image) return fail(image.error());
  if (image->kind == FileImage::Kind::absent) return std::optional<InstallState>{};
  InstallState state;
  for (const auto line : std::views::split(image->content, '\n')) {
    if (!read_line(std::string_view(line.begin(), line.end()), state))
      return fail(Fault::malformed, fmt::format("{}: not written by tacet", path));
  }
  if (state.managers.empty()) return fail(Fault::malformed, fmt::format("{}: names no manager", path));
  return state;
}

Result<InstallState> save_state(const std::string& root, InstallState state, const InstallPlan& plan) {
  for (const auto& change : plan.files) {
    if (std::ranges::find(state.files, change.path) != state.files.end()) continue;
    if (auto kept = keep_copy(root + change.path, copy_path(root, change.path)); !kept) return fail(kept.error());
    state.files.push_back(change.path);
    for (auto& directory : missing_directories(root, change.path)) {
      if (std::ranges::find(state.directories, directory) == state.directories.end())
        state.directories.push_back(std::move(directory));
    }
  }
  const auto path = state_path(root);
  if (auto made = make_parents(path); !made) return fail(made.error());
  if (auto written = write_image(path, file_with(text_of(state))); !written) return fail(written.error());
  return state;
}

Result<void> make_directories(const std::string& root, const InstallState& state) {
  for (const auto& directory : state.directories) {
    std::error_code error;
    fs::create_directory(root + directory, error);
    if (error) return fail(Fault::system, fmt::format("{}{}: {}", root, directory, error.message()));
  }
  return {};
}

bool taken_over(const std::string& root, const InstallState& state) {
  if (std::ranges::find(state.files, resolv_conf) == state.files.end()) return false;
  const auto now = read_image(root + std::string(resolv_conf));
  if (!now || now->kind != FileImage::Kind::file) return false;
  const auto servers = nameservers(now->content);
  return !servers.empty() && std::ranges::find(servers, state.server) == servers.end();
}

Result<void> restore_files(const std::string& root, const InstallState& state) {
  Result<void> outcome;
  const bool keep_theirs = taken_over(root, state);
  for (const auto& path : std::views::reverse(state.files)) {
    if (keep_theirs && path == resolv_conf) continue;
    const auto before = read_image(copy_path(root, path));
    const auto restored = before ? write_image(root + path, *before) : Result<void>(fail(before.error()));
    if (!restored && outcome) outcome = restored;
  }
  remove_empty(root, state.directories);
  return outcome;
}

void remove_state(const std::string& root) {
  std::error_code ignored;  // remove the state first: copies without it have no effect
  fs::remove(state_path(root), ignored);
  fs::remove_all(root + std::string(folder), ignored);
  fs::remove(fs::path(root + std::string(folder)).parent_path(), ignored);
}

}  // namespace tacet
