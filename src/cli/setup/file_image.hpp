#pragma once
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "tacet/result.hpp"

namespace tacet {

/// The full state of one file, so that it can be restored exactly: absent, a regular file or a symbolic link.
struct FileImage {
  enum class Kind : std::uint8_t { absent, file, link };
  Kind kind = Kind::absent;
  std::string content;  ///< octets of a file, target of a link
  mode_t mode = 0644;   ///< of a file
  uid_t owner = 0;
  gid_t group = 0;
  friend bool operator==(const FileImage&, const FileImage&) = default;
};

/// A system file: owned by root, readable by all.
FileImage file_with(std::string content);
/// A symbolic link, owned by root.
FileImage link_to(std::string target);

/// The image of `path`; does not follow a link. Faults: system (the detail names the path), unsupported (neither a file
/// nor a link, or larger than 1 MiB).
Result<FileImage> read_image(const std::string& path);

/// The file at `path` with `line` at its end, which it keeps if it is there; `line` alone if there is no file. Faults:
/// as read_image(); unsupported if `path` is a link.
Result<FileImage> image_with_last_line(const std::string& path, std::string_view line);

/// Makes the directories that lead to `path`. Fault: system.
Result<void> make_parents(const std::string& path);

/// Replaces `path` by `image` unless it is that already, atomically: no reader sees half a file, and a power cut leaves
/// the old or the new one. Writes a file in place if a container mounts it, because it cannot be replaced. Sets the
/// owner where that is allowed.
Result<void> write_image(const std::string& path, const FileImage& image);

}  // namespace tacet
