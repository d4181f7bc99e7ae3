#pragma once
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

namespace tacet {

/// The attributes that show that a file has changed, or that another file has taken its name.
struct FileStamp {
  dev_t device = 0;
  ino_t inode = 0;
  off_t size = 0;
  std::int64_t seconds = 0, nanoseconds = 0;  ///< when its content last changed
  friend bool operator==(const FileStamp&, const FileStamp&) = default;
};

/// Of an open file; nothing if it cannot be told. A negative descriptor leaves errno as it is.
std::optional<FileStamp> stamp_of(int descriptor);

/// Of the file to which a path leads; nothing and errno if it cannot be told. Opens nothing, so a confined process can
/// look often without waking the process that opens files for it.
std::optional<FileStamp> stamp_at(const std::string& path);

}  // namespace tacet
