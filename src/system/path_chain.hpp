#pragma once
#include <sys/types.h>

#include <string>
#include <vector>

namespace tacet {

/// One entry of one directory that the kernel passes on its way to a file.
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

/// Every entry that decides which file an absolute path leads to, in the kernel's order, those behind links as well; it
/// ends with the file, or with the first entry that is not there or may not be looked at. (A path that leads in a
/// circle ends after as many links as a kernel follows.)
std::vector<PathStep> chain_of(const std::string& path);

}  // namespace tacet
