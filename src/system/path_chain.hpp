#pragma once
#include <sys/types.h>

#include <string>
#include <vector>

namespace tacet {

/// One directory entry that the kernel follows to a file.
struct PathStep {
  enum class Kind { directory, link, file, missing };
  std::string directory;  ///< that holds the entry: absolute, and free of links
  std::string name;       ///< of the entry
  Kind kind = Kind::missing;
  std::string target;  ///< of a link
  dev_t device = 0;
  ino_t inode = 0;
  friend bool operator==(const PathStep&, const PathStep&) = default;
};

/// All entries that lead from an absolute path to its file, in the kernel's order, also those behind links. The last is
/// the file, or the first entry that is missing or unreadable. (A circular path ends after as many links as the kernel
/// follows.)
std::vector<PathStep> chain_of(const std::string& path);

}  // namespace tacet
