#include "system/path_chain.hpp"

#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <deque>
#include <string_view>
#include <utility>

#include "base/text_parts.hpp"

namespace tacet {
namespace {

constexpr int most_links = 40;  // as Linux follows

/// Puts the names of `path` in front of `left`.
void put_names(std::string_view path, std::deque<std::string>& left) {
  std::vector<std::string> names;
  while (!path.empty()) {
    if (const auto name = cut(path, "/"); !name.empty() && name != ".") names.emplace_back(name);
  }
  left.insert(left.begin(), names.begin(), names.end());
}

std::string joined(const std::string& directory, const std::string& name) {
  return directory == "/" ? directory + name : directory + "/" + name;
}

std::string parent_of(const std::string& directory) {
  const auto slash = directory.rfind('/');
  return slash == 0 ? "/" : directory.substr(0, slash);
}

PathStep step_at(const std::string& directory, std::string name) {
  PathStep step{.directory = directory, .name = std::move(name)};
  const std::string path = joined(step.directory, step.name);
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0) return step;
  step.device = status.st_dev;
  step.inode = status.st_ino;
  step.kind = S_ISDIR(status.st_mode) ? PathStep::Kind::directory : PathStep::Kind::file;
  if (!S_ISLNK(status.st_mode)) return step;
  std::array<char, PATH_MAX> target{};
  const ssize_t size = ::readlink(path.c_str(), target.data(), target.size());
  step.kind = size > 0 ? PathStep::Kind::link : PathStep::Kind::missing;
  if (size > 0) step.target.assign(target.data(), static_cast<std::size_t>(size));
  return step;
}

}  // namespace

std::vector<PathStep> chain_of(const std::string& path) {
  std::vector<PathStep> chain;
  std::deque<std::string> left;
  put_names(path, left);
  std::string directory = "/";
  for (int links = 0; !left.empty() && links <= most_links;) {
    std::string name = std::move(left.front());
    left.pop_front();
    if (name == "..") {
      directory = parent_of(directory);
      continue;
    }
    const PathStep& step = chain.emplace_back(step_at(directory, std::move(name)));
    if (step.kind == PathStep::Kind::missing || step.kind == PathStep::Kind::file) break;
    if (step.kind == PathStep::Kind::directory) directory = joined(directory, step.name);
    if (step.kind != PathStep::Kind::link) continue;
    ++links;
    if (step.target.starts_with('/')) directory = "/";
    put_names(step.target, left);
  }
  return chain;
}

}  // namespace tacet
