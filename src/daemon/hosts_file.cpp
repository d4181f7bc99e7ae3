#include "daemon/hosts_file.hpp"

#include <cerrno>
#include <utility>

#include "base/file_text.hpp"
#include "base/log.hpp"

namespace tacet {
namespace {

/// The file's text; nothing if it cannot be read, and errno tells why.
std::optional<std::string> hosts_text(const Descriptor& file, const std::string& path) {
  auto text = file ? text_of(file.get(), HostsFile::most_octets) : std::nullopt;
  if (text && text->size() >= HostsFile::most_octets)
    log::warn("{} is larger than {} MiB: tacet ignores the rest", path, HostsFile::most_octets >> 20);
  return text;
}

}  // namespace

HostsFile::HostsFile(Loop& loop, std::string path, OnChange on_change, OpenFile open)
    : loop_(loop),
      path_(std::move(path)),
      on_change_(std::move(on_change)),
      open_(std::move(open)) {
  begin();
}

void HostsFile::begin() {
  watch_.reset();
  if (path_.empty()) {
    table_ = std::make_shared<const Hosts>();
    return;
  }
  watch_.emplace(loop_, path_, [this] { reload(Descriptor(open_(path_))); });  // first, so that no change falls between
  read(Descriptor(open_(path_)));
}

void HostsFile::follow(std::string path) {
  if (path == path_) return look();
  path_ = std::move(path);
  told_ = false;
  begin();
  on_change_(table_);
  told_ = true;
}

void HostsFile::look() {
  if (path_.empty()) return;
  if (watch_)
    watch_->look();
  else
    watch_.emplace(loop_, path_, [this] { reload(Descriptor(open_(path_))); });
  // Each minute comes here, so it opens the file only if it may have changed.
  const auto named = stamp_at(path_);
  if (told_ && named == stamp_ && (named || errno == ENOENT)) return;
  const Descriptor file(open_(path_));
  if (stamp_of(file.get()) != stamp_ || !told_) reload(file);
}

/// If memory is out, the next look reads the file again.
void HostsFile::reload(const Descriptor& file) {
  told_ = false;
  read(file);
  on_change_(table_);
  told_ = true;
}

void HostsFile::read(const Descriptor& file) {
  stamp_ = stamp_of(file.get());
  const auto text = hosts_text(file, path_);
  if (!text && errno != ENOENT) {
    log::warn("{} cannot be read; the former table stays in use: {}", path_, reading_fault(errno));
    return;
  }
  table_ = std::make_shared<const Hosts>(text ? Hosts::parse(*text) : Hosts());
  log::info("{}: {} names{}", path_, table_->names(),
            table_->skipped_lines() == 0 ? "" : fmt::format(", {} malformed lines skipped", table_->skipped_lines()));
}

}  // namespace tacet
