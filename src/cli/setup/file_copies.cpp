#include "cli/setup/file_copies.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <ranges>
#include <system_error>

#include "cli/setup/file_image.hpp"

namespace tacet {

namespace fs = std::filesystem;

Result<void> make_parents(const std::string& path) {
  std::error_code error;
  fs::create_directories(fs::path(path).parent_path(), error);
  if (error) return fail(Fault::system, fmt::format("{}: {}", path, error.message()));
  return {};
}

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

void remove_empty(const std::string& root, const std::vector<std::string>& directories) {
  for (const auto& directory : std::views::reverse(directories)) {
    std::error_code not_empty;
    fs::remove(root + directory, not_empty);
  }
}

Result<void> keep_copy(const std::string& path, const std::string& copy) {
  auto image = read_image(path);
  if (!image) return fail(image.error());
  if (auto made = make_parents(copy); !made) return made;
  return write_image(copy, *image);
}

}  // namespace tacet
