#include "daemon/hosts_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/descriptor.hpp"
#include "base/log.hpp"

namespace tacet {
namespace {

/// The file's text, or nothing and errno.
std::optional<std::string> text_of(const std::string& path) {
  // Non-blocking, for it might be a pipe that nobody writes to.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) return std::nullopt;
  std::string text;
  for (;;) {
    constexpr std::size_t chunk = std::size_t{1} << 18;
    const std::size_t begins = text.size();
    text.resize(begins + chunk);
    const ssize_t got = ::read(file.get(), text.data() + begins, chunk);
    if (got < 0) return std::nullopt;
    text.resize(begins + static_cast<std::size_t>(got));
    if (got == 0) return text;
    if (text.size() < HostsFile::most_octets) continue;
    log::warn("{} is larger than {} MiB: what follows is not used", path, HostsFile::most_octets >> 20);
    return text;
  }
}

}  // namespace

HostsFile::HostsFile(Loop& loop, std::string path, OnChange on_change)
    : loop_(loop),
      path_(std::move(path)),
      on_change_(std::move(on_change)) {
  begin();
}

void HostsFile::begin() {
  watch_.reset();
  if (path_.empty()) {
    table_ = std::make_shared<const Hosts>();
    return;
  }
  watch_.emplace(loop_, path_, [this] { reload(); });  // first, so that no change falls between
  read();
}

void HostsFile::follow(std::string path) {
  if (path == path_) return look();
  path_ = std::move(path);
  told_ = false;
  begin();
  on_change_(table_);
  told_ = true;
}

std::optional<HostsFile::Picture> HostsFile::take_picture() const {
  struct stat status{};
  if (::stat(path_.c_str(), &status) != 0) return std::nullopt;
#ifdef __APPLE__
  const timespec changed = status.st_mtimespec;
#else
  const timespec changed = status.st_mtim;
#endif
  return Picture{status.st_ino, status.st_dev, status.st_size, changed.tv_sec, changed.tv_nsec};
}

void HostsFile::look() {
  if (path_.empty()) return;
  if (watch_)
    watch_->look();
  else
    watch_.emplace(loop_, path_, [this] { reload(); });
  if (take_picture() != picture_ || !told_) reload();
}

/// What cannot be read or told for want of memory is read again at the next look.
void HostsFile::reload() {
  told_ = false;
  read();
  on_change_(table_);
  told_ = true;
}

void HostsFile::read() {
  picture_ = take_picture();
  const auto text = text_of(path_);
  if (!text && errno != ENOENT) {
    log::warn("{} cannot be read, so what was read before counts: {}", path_, std::strerror(errno));
    return;
  }
  table_ = std::make_shared<const Hosts>(text ? Hosts::parse(*text) : Hosts());
  log::info("{}: {} names{}", path_, table_->names(),
            table_->skipped_lines() == 0 ? "" : fmt::format(", {} lines make no sense", table_->skipped_lines()));
}

}  // namespace tacet
