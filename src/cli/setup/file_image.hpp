#pragma once
#include <sys/types.h>

#include <cstdint>
#include <string>

#include "tacet/result.hpp"

namespace tacet {

/// All that matters of one file, so that it can be put back exactly: nothing, a regular file or a symbolic link.
struct FileImage {
  enum class Kind : std::uint8_t { absent, file, link };
  Kind kind = Kind::absent;
  std::string content;  ///< octets of a file, target of a link
  mode_t mode = 0644;   ///< of a file
  uid_t owner = 0;
  gid_t group = 0;
  friend bool operator==(const FileImage&, const FileImage&) = default;
};

/// A file of the system's own: root's, readable by all.
FileImage file_with(std::string content);
FileImage link_to(std::string target);

/// What is at `path`, which is not followed if it is a link. Faults: system (the detail names the path), unsupported
/// (it is neither file nor link, or larger than 1 MiB).
Result<FileImage> read_image(const std::string& path);

/// Makes `path` be `image`, at once: nobody ever sees half a file, and a power cut leaves the one or the other. A file
/// that a container mounts, which cannot be replaced, is written in place. The owner is set where that is allowed.
Result<void> write_image(const std::string& path, const FileImage& image);

}  // namespace tacet
