#include "cli/setup/file_image.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "base/descriptor.hpp"

namespace tacet {
namespace {

constexpr std::size_t largest = 1U << 20;

std::unexpected<Error> failed(std::string_view path) {
  return fail(Fault::system, fmt::format("{}: {}", path, std::strerror(errno)));
}

Result<std::string> read_all(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file) return failed(path);
  std::string content;
  std::array<char, 16384> part{};
  while (true) {
    const ssize_t size = ::read(file.get(), part.data(), part.size());
    if (size < 0) return failed(path);
    if (size == 0) return content;
    content.append(part.data(), static_cast<std::size_t>(size));
    if (content.size() > largest) return fail(Fault::unsupported, fmt::format("{}: larger than 1 MiB", path));
  }
}

Result<std::string> read_target(const std::string& path) {
  std::string target(4096, '\0');
  const ssize_t size = ::readlink(path.c_str(), target.data(), target.size());
  if (size < 0) return failed(path);
  target.resize(static_cast<std::size_t>(size));
  return target;
}

Result<void> write_all(int descriptor, std::string_view content, const std::string& path) {
  while (!content.empty()) {
    const ssize_t size = ::write(descriptor, content.data(), content.size());
    if (size < 0) return failed(path);
    content.remove_prefix(static_cast<std::size_t>(size));
  }
  if (::fsync(descriptor) != 0) return failed(path);
  return {};
}

Result<void> write_file(const std::string& path, const FileImage& image, int flags) {
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW | flags, 0600));
  if (!file) return failed(path);
  // A user other than root owns the files that it writes. Its chown to another user fails, and nothing can change that.
  if (::fchown(file.get(), image.owner, image.group) != 0 && errno != EPERM) return failed(path);
  if (::fchmod(file.get(), image.mode) != 0) return failed(path);
  return write_all(file.get(), image.content, path);
}

/// Makes the renaming survive a power cut, if the file system can synchronise a directory.
void settle_directory(const std::string& path) {
  const auto slash = path.rfind('/');
  const auto directory = slash == std::string::npos ? std::string(".") : path.substr(0, slash + 1);
  const Descriptor opened(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (opened) ::fsync(opened.get());
}

/// Removes a file unless it was renamed away.
class TemporaryFile {
public:
  explicit TemporaryFile(std::string path) : path_(std::move(path)) {}
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() { ::unlink(path_.c_str()); }

private:
  std::string path_;
};

Result<void> make(const std::string& path, const FileImage& image) {
  if (image.kind == FileImage::Kind::file) return write_file(path, image, O_CREAT | O_EXCL);
  if (::symlink(image.content.c_str(), path.c_str()) != 0) return failed(path);
  if (::lchown(path.c_str(), image.owner, image.group) != 0 && errno != EPERM) return failed(path);
  return {};
}

}  // namespace

FileImage file_with(std::string content) { return {.kind = FileImage::Kind::file, .content = std::move(content)}; }

FileImage link_to(std::string target) { return {.kind = FileImage::Kind::link, .content = std::move(target)}; }

Result<FileImage> read_image(const std::string& path) {
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return FileImage{};
    return failed(path);
  }
  const bool link = S_ISLNK(status.st_mode);
  if (!link && !S_ISREG(status.st_mode)) return fail(Fault::unsupported, fmt::format("{}: is no regular file", path));
  auto content = link ? read_target(path) : read_all(path);
  if (!content) return fail(content.error());
  FileImage image{.kind = link ? FileImage::Kind::link : FileImage::Kind::file, .content = *std::move(content)};
  if (!link) image.mode = status.st_mode & 07777U;
  image.owner = status.st_uid;
  image.group = status.st_gid;
  return image;
}

Result<FileImage> image_with_last_line(const std::string& path, std::string_view line) {
  auto image = read_image(path);
  if (!image) return image;
  if (image->kind == FileImage::Kind::link)
    return fail(Fault::unsupported, fmt::format("{} is a link: add this line to what it points to: {}", path, line));
  if (!image->content.ends_with(line)) {
    if (!image->content.empty() && !image->content.ends_with('\n')) image->content += '\n';
    image->content.append(line);
  }
  image->kind = FileImage::Kind::file;
  return image;
}

Result<void> make_parents(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), error);
  if (error) return fail(Fault::system, fmt::format("{}: {}", path, error.message()));
  return {};
}

Result<void> write_image(const std::string& path, const FileImage& image) {
  const auto temporary = path + ".tacet-new";
  ::unlink(temporary.c_str());                                             // of a run that was cut short
  if (const auto now = read_image(path); now && *now == image) return {};  // a full disk has no room for it again
  if (image.kind == FileImage::Kind::absent) {
    if (::unlink(path.c_str()) != 0 && errno != ENOENT && errno != ENOTDIR) return failed(path);
    settle_directory(path);
    return {};
  }
  const TemporaryFile leftover(temporary);
  if (auto made = make(temporary, image); !made) return made;
  if (::rename(temporary.c_str(), path.c_str()) == 0) {
    settle_directory(path);
    return {};
  }
  if (errno == EPERM && ::geteuid() == 0)
    return fail(Fault::system, fmt::format("{0}: not even root may replace it: `lsattr {0}` shows whether it is "
                                           "immutable, and `chattr -i {0}` ends that",
                                           path));
  const bool mounted = errno == EBUSY && image.kind == FileImage::Kind::file;
  return mounted ? write_file(path, image, O_TRUNC) : failed(path);
}

}  // namespace tacet
