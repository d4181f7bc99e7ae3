#include "cli/setup/kept_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <ranges>
#include <system_error>

#include "cli/setup/file_image.hpp"

namespace tacet {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view file_word = "file ", directory_word = "directory ";

bool take(std::string_view line, std::string_view word, std::vector<std::string>& into) {
  if (!line.starts_with(word) || !line.substr(word.size()).starts_with('/')) return false;
  into.emplace_back(line.substr(word.size()));
  return true;
}

/// The missing parent directories of `path` below `root`, the outermost first, without the root.
std::vector<std::string> missing_directories(const std::string& root, const std::string& path) {
  std::vector<std::string> missing;
  for (auto parent = fs::path(path).parent_path(); parent != parent.root_path(); parent = parent.parent_path()) {
    std::error_code error;
    if (fs::exists(root + parent.string(), error)) break;
    missing.push_back(parent.string());
  }
  std::ranges::reverse(missing);
  return missing;
}

}  // namespace

bool KeptFiles::has(const std::string& path) const { return std::ranges::find(files_, path) != files_.end(); }

bool KeptFiles::read(std::string_view line) {
  return take(line, file_word, files_) || take(line, directory_word, directories_);
}

Result<void> KeptFiles::save(std::string_view head) const {
  std::string text(head);
  for (const auto& directory : directories_) text += fmt::format("{}{}\n", directory_word, directory);
  for (const auto& file : files_) text += fmt::format("{}{}\n", file_word, file);
  if (auto made = make_parents(record_path()); !made) return made;
  return write_image(record_path(), file_with(std::move(text)));
}

std::string KeptFiles::copy(std::string_view when, std::string_view path) const {
  return fmt::format("{}{}/{}{}", root_, folder_, when, path);
}

Result<void> KeptFiles::keep(const std::string& path) {
  const auto now = read_image(at_root(path));
  if (!now) return fail(now.error());
  const auto kept = copy("before", path);
  if (auto made = make_parents(kept); !made) return made;
  if (auto written = write_image(kept, *now); !written) return written;
  if (has(path)) return {};
  files_.push_back(path);
  for (auto& directory : missing_directories(root_, path)) {
    if (std::ranges::find(directories_, directory) == directories_.end()) directories_.push_back(std::move(directory));
  }
  return {};
}

Result<void> KeptFiles::make_directories() const {
  for (const auto& directory : directories_) {
    std::error_code error;
    fs::create_directory(at_root(directory), error);
    if (error) return fail(Fault::system, fmt::format("{}: {}", at_root(directory), error.message()));
  }
  return {};
}

Result<void> KeptFiles::restore(const std::string& path) const {
  const auto before = read_image(copy("before", path));
  return before ? write_image(at_root(path), *before) : Result<void>(fail(before.error()));
}

void KeptFiles::remove_directories() const {
  for (const auto& directory : std::views::reverse(directories_)) {
    std::error_code not_empty;
    fs::remove(at_root(directory), not_empty);
  }
}

Result<void> KeptFiles::finish() {
  std::error_code error;
  fs::remove(record_path(), error);  // first: copies without a record have no effect
  if (!error) fs::remove_all(at_root(folder_), error);
  if (error) return fail(Fault::system, fmt::format("{}: {}", at_root(folder_), error.message()));
  std::error_code others_use_it;
  fs::remove(fs::path(at_root(folder_)).parent_path(), others_use_it);
  files_.clear();
  directories_.clear();
  return {};
}

}  // namespace tacet
