#include "report/query_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

namespace tacet {
namespace {

constexpr mode_t mode = 0600, directory_mode = 0750;
constexpr Duration look_period = std::chrono::seconds(1);

Error system_error(const std::string& what) {
  return {Fault::system, fmt::format("{}: {}", what, std::generic_category().message(errno))};
}

}  // namespace

Result<void> make_directory_of(const std::string& file, const std::optional<Account>& account) {
  const std::string directory = std::filesystem::path(file).parent_path().string();
  struct stat status{};
  if (::stat(directory.c_str(), &status) == 0) return {};
  const bool made = ::mkdir(directory.c_str(), directory_mode) == 0 &&
                    (!account || ::lchown(directory.c_str(), account->user, account->group) == 0);
  if (made) return {};
  const auto owner = account ? account->name : "the user that tacet runs as";
  return fail(Fault::invalid_config,
              fmt::format("query_log.to: the directory {} is not there and cannot be made: {}. Make it "
                          "(`mkdir -p {}`, owned by {}), or name another",
                          directory, std::generic_category().message(errno), directory, owner));
}

Result<void> QueryFile::open() {
  file_ = Descriptor(::open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, mode));
  struct stat status{};
  if (!file_ && errno == EACCES)
    return fail(Fault::system, fmt::format("{}: this user may not write to it (if logrotate made the file, write "
                                           "nocreate there: tacet makes it by itself)",
                                           path_));
  if (!file_ || ::fstat(file_.get(), &status) != 0) return fail(system_error(path_));
  size_ = S_ISREG(status.st_mode) ? static_cast<std::size_t>(status.st_size) : 0;
  return {};
}

/// True if the path no longer leads to the open file.
bool QueryFile::is_elsewhere() const {
  struct stat ours{}, there{};
  if (::fstat(file_.get(), &ours) != 0 || ::stat(path_.c_str(), &there) != 0) return true;
  return ours.st_ino != there.st_ino || ours.st_dev != there.st_dev;
}

Result<void> QueryFile::rotate() {
  if (limits_.keep == 0) {
    if (::ftruncate(file_.get(), 0) != 0) return fail(system_error(path_));
    size_ = 0;
    return {};
  }
  for (unsigned number = limits_.keep - 1; number > 0; --number)
    if (std::rename(former(number).c_str(), former(number + 1).c_str()) != 0 && errno != ENOENT)
      return fail(system_error(former(number)));
  if (std::rename(path_.c_str(), former(1).c_str()) != 0) return fail(system_error(path_));
  return open();
}

/// Opens the file if needed, and rotates it if `octets` more exceed its size.
Result<void> QueryFile::make_room(std::size_t octets) {
  if (!file_)
    if (auto opened = open(); !opened) return opened;
  if (size_ > 0 && size_ + octets > limits_.size) return rotate();
  return {};
}

std::optional<QueryFile::Loss> QueryFile::append(std::string_view lines, Instant now) {
  if (!file_ || now - looked_ >= look_period) {
    looked_ = now;
    if (file_ && is_elsewhere()) file_ = Descriptor();
  }
  if (auto room = make_room(lines.size()); !room) return Loss{lines.size(), room.error()};
  const ssize_t wrote = ::write(file_.get(), lines.data(), lines.size());
  if (wrote == static_cast<ssize_t>(lines.size())) {
    size_ += lines.size();
    return std::nullopt;
  }
  Error error = wrote < 0 ? system_error(path_) : Error{Fault::system, path_ + ": the disk is full"};
  // Cut off a partial line: it would make the next one unreadable, too.
  const auto ends = wrote > 0 ? lines.rfind('\n', static_cast<std::size_t>(wrote) - 1) : std::string_view::npos;
  const std::size_t whole = ends == std::string_view::npos ? 0 : ends + 1;
  if (wrote > 0 && ::ftruncate(file_.get(), static_cast<off_t>(size_ + whole)) != 0) file_ = Descriptor();
  size_ += whole;
  return Loss{lines.size() - whole, std::move(error)};
}

}  // namespace tacet
