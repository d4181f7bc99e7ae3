#include "base/file_stamp.hpp"

#include <sys/stat.h>

namespace tacet {
namespace {

FileStamp stamp_from(const struct stat& found) {
#ifdef __APPLE__
  const timespec changed = found.st_mtimespec;
#else
  const timespec changed = found.st_mtim;
#endif
  return {found.st_dev, found.st_ino, found.st_size, changed.tv_sec, changed.tv_nsec};
}

}  // namespace

std::optional<FileStamp> stamp_of(int descriptor) {
  struct stat found{};
  if (descriptor < 0 || ::fstat(descriptor, &found) != 0) return std::nullopt;
  return stamp_from(found);
}

std::optional<FileStamp> stamp_at(const std::string& path) {
  struct stat found{};
  if (::stat(path.c_str(), &found) != 0) return std::nullopt;
  return stamp_from(found);
}

}  // namespace tacet
