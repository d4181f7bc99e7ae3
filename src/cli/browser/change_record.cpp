#include "cli/browser/change_record.hpp"

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

constexpr std::string_view file_word = "file ";
constexpr std::string_view directory_word = "directory ";

std::string record_path(const std::string& root) { return fmt::format("{}{}/record", root, browser_folder); }

bool same(const FileImage& a, const FileImage& b) { return a.kind == b.kind && a.content == b.content; }

Result<void> make_directory(const std::string& path) {
  std::error_code error;
  fs::create_directory(path, error);
  if (error) return fail(Fault::system, fmt::format("{}: {}", path, error.message()));
  return {};
}

}  // namespace

Result<ChangeRecord> ChangeRecord::load(const std::string& root) {
  ChangeRecord record(root);
  const auto image = read_image(record_path(root));
  if (!image) return fail(image.error());
  for (const auto part : std::views::split(image->content, '\n')) {
    const std::string_view line(part.begin(), part.end());
    if (line.starts_with(file_word))
      record.files_.emplace_back(line.substr(file_word.size()));
    else if (line.starts_with(directory_word))
      record.directories_.emplace_back(line.substr(directory_word.size()));
    else if (!line.empty() && !line.starts_with('#'))
      return fail(Fault::malformed, fmt::format("{}: not written by tacet", record_path(root)));
  }
  return record;
}

bool ChangeRecord::has(const std::string& path) const { return std::ranges::find(files_, path) != files_.end(); }

std::string ChangeRecord::copy(std::string_view when, const std::string& path) const {
  return fmt::format("{}{}/{}{}", root_, browser_folder, when, path);
}

Result<void> ChangeRecord::save() const {
  std::string text =
      "# Written by `tacet browser setup`. before/ holds every file as it was, after/ as tacet wrote it.\n";
  for (const auto& directory : directories_) text += fmt::format("{}{}\n", directory_word, directory);
  for (const auto& file : files_) text += fmt::format("{}{}\n", file_word, file);
  if (auto made = make_parents(record_path(root_)); !made) return made;
  return write_image(record_path(root_), file_with(std::move(text)));
}

Result<ChangeState> ChangeRecord::state(const std::string& path) const {
  const auto now = read_image(at_root(path));
  const auto before = read_image(copy("before", path));
  const auto after = read_image(copy("after", path));
  for (const auto* image : {&now, &before, &after})
    if (!*image) return fail(image->error());
  if (same(*now, *after)) return ChangeState::ours;
  return same(*now, *before) ? ChangeState::former : ChangeState::edited;
}

Result<void> ChangeRecord::write(const std::string& path, const FileImage& image) {
  const bool known = has(path);
  const auto found = known ? state(path) : Result<ChangeState>(ChangeState::edited);
  if (!found) return fail(found.error());
  if (*found == ChangeState::edited)
    if (auto kept = keep_copy(at_root(path), copy("before", path)); !kept) return kept;
  if (!known) {
    files_.push_back(path);
    for (auto& directory : missing_directories(root_, path)) {
      if (std::ranges::find(directories_, directory) == directories_.end())
        directories_.push_back(std::move(directory));
    }
  }
  if (auto made = make_parents(copy("after", path)); !made) return made;
  if (auto kept = write_image(copy("after", path), image); !kept) return kept;
  if (auto saved = save(); !saved) return saved;
  for (const auto& directory : directories_)
    if (auto made = make_directory(at_root(directory)); !made) return made;
  return write_image(at_root(path), image);
}

Result<void> ChangeRecord::restore(const std::string& path, const Removal& removal) const {
  const auto found = state(path);
  if (!found) return fail(found.error());
  if (*found == ChangeState::former) return {};
  const auto before = read_image(copy("before", path));
  if (!before) return fail(before.error());
  if (*found == ChangeState::ours) return write_image(at_root(path), *before);
  auto now = read_image(at_root(path));
  if (!now) return fail(now.error());
  if (now->kind == FileImage::Kind::absent) return {};  // taken away since: nothing of ours is left in it
  if (!removal)
    return fail(
        Fault::refused,
        fmt::format("{} was changed since tacet wrote it. Take tacet's part out of it (how it was: {}), and try "
                    "again",
                    at_root(path), copy("before", path)));
  auto text = removal(now->content);
  if (!text) return fail(text.error().fault, fmt::format("{}: {}", at_root(path), text.error().detail));
  now->content = *std::move(text);
  return write_image(at_root(path), *now);
}

Result<void> ChangeRecord::undo(const std::string& path, const Removal& removal) {
  if (auto restored = restore(path, removal); !restored) return restored;
  std::erase(files_, path);
  return save();
}

Result<void> ChangeRecord::finish() {
  std::error_code error;
  fs::remove(record_path(root_), error);  // first: copies without a record have no effect
  if (!error) fs::remove_all(at_root(browser_folder), error);
  if (error) return fail(Fault::system, fmt::format("{}{}: {}", root_, browser_folder, error.message()));
  remove_empty(root_, directories_);
  std::error_code others_use_it;
  fs::remove(fs::path(at_root(browser_folder)).parent_path(), others_use_it);
  files_.clear();
  directories_.clear();
  return {};
}

}  // namespace tacet
