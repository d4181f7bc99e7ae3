#include "control/control_socket.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>
#include <system_error>

namespace tacet {
namespace {

constexpr mode_t socket_mode = 0660, directory_mode = 0755;
constexpr int backlog = 16;

std::unexpected<Error> system_fault(const std::string& what) {
  return fail(Fault::system, fmt::format("{}: {}", what, std::generic_category().message(errno)));
}

std::optional<sockaddr_un> address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path || path.find('\0') != std::string::npos) return {};
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

const sockaddr* generic(const sockaddr_un& address) {
  const void* const any = &address;
  return static_cast<const sockaddr*>(any);
}

/// A non-blocking stream socket that no child inherits.
Result<Descriptor> open_socket() {
  Descriptor descriptor(::socket(AF_UNIX, SOCK_STREAM, 0));
  if (!descriptor || ::fcntl(descriptor.get(), F_SETFD, FD_CLOEXEC) != 0 ||
      ::fcntl(descriptor.get(), F_SETFL, O_NONBLOCK) != 0)
    return system_fault("no Unix socket can be made");
  return descriptor;
}

/// Makes the last directory of the path. bind() will show whether it is usable.
void make_directory(const std::string& path) {
  const auto parent = std::filesystem::path(path).parent_path();
  // Set the mode against umask, so that the socket's group can reach the socket.
  if (!parent.empty() && ::mkdir(parent.c_str(), directory_mode) == 0) ::chmod(parent.c_str(), directory_mode);
}

/// Removes the socket of a dead process at `path`; a fault if anything else is there.
Result<void> clear(const std::string& path, const sockaddr_un& address) {
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) return {};
    return system_fault(path);
  }
  if (!S_ISSOCK(status.st_mode)) return fail(Fault::in_use, path + " exists and is no socket");
  const auto probe = open_socket();
  if (!probe) return fail(probe.error());
  if (::connect(probe->get(), generic(address), sizeof address) == 0 || errno == EAGAIN)
    return fail(Fault::in_use, fmt::format("another process listens on {}: is tacet running already?", path));
  if (errno != ECONNREFUSED && errno != ENOENT) return system_fault(path);
  if (::unlink(path.c_str()) != 0 && errno != ENOENT)
    return system_fault(fmt::format("the socket that a dead process left at {} cannot be removed", path));
  return {};
}

/// Does nothing for an empty group.
Result<void> give_to(const std::string& group, const std::string& path) {
  if (group.empty()) return {};
  const auto* entry = ::getgrnam(group.c_str());
  if (entry == nullptr)
    return fail(Fault::invalid_config,
                fmt::format("control.group: there is no group '{0}' here (`groupadd --system {0}` makes one)", group));
  if (::lchown(path.c_str(), static_cast<uid_t>(-1), entry->gr_gid) == 0) return {};
  if (errno != EPERM) return system_fault(path);
  return fail(Fault::refused,
              fmt::format("{} cannot be given to group '{}': tacet must run as root or as its member", path, group));
}

}  // namespace

Result<ControlSocket> ControlSocket::listen(const std::string& path, const std::string& group) {
  const auto address = address_of(path);
  if (!address) return fail(Fault::invalid_config, fmt::format("'{}' is empty or too long for a Unix socket", path));
  make_directory(path);
  if (auto cleared = clear(path, *address); !cleared) return fail(cleared.error());
  auto descriptor = open_socket();
  if (!descriptor) return fail(descriptor.error());
  // Do this before bind() where the system allows it, so that the socket is never open to others.
  ::fchmod(descriptor->get(), socket_mode);
  if (::bind(descriptor->get(), generic(*address), sizeof *address) != 0) return system_fault(path);
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0) return system_fault(path);
  ControlSocket socket(*std::move(descriptor), path, status.st_ino);
  if (auto given = give_to(group, path); !given) return fail(given.error());
  if (::chmod(path.c_str(), socket_mode) != 0 || ::listen(socket.get(), backlog) != 0) return system_fault(path);
  return socket;
}

ControlSocket::~ControlSocket() {
  struct stat status{};
  const bool ours = descriptor_ && ::lstat(path_.c_str(), &status) == 0 && status.st_ino == file_;
  if (ours) ::unlink(path_.c_str());
}

}  // namespace tacet
