#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

#include "base/descriptor.hpp"
#include "system/confinement.hpp"

namespace tacet {
namespace {

// Landlock by its system calls: Debian 12 has no library for it, and headers older than many kernels.
constexpr long create_ruleset = 444, add_rule = 445, restrict_self = 446;
constexpr unsigned version_query = 1, path_beneath = 1;

/// Rights to files by their bits in the kernel's interface.
constexpr std::uint64_t write_file = 1U << 1, read_file = 1U << 2, read_dir = 1U << 3, remove_file = 1U << 5,
                        make_reg = 1U << 8, make_sock = 1U << 9, truncate_file = 1U << 14;
constexpr std::uint64_t to_read = read_file | read_dir;
constexpr std::uint64_t to_write = to_read | write_file | remove_file | make_reg | make_sock | truncate_file;
constexpr std::uint64_t rights_of_files = read_file | write_file | truncate_file;
constexpr std::uint64_t abstract_sockets = 1U << 0, signals = 1U << 1;  // connections to other processes

/// The kernel's rule set; later versions of the interface read more of it.
struct Ruleset {
  std::uint64_t files = 0;
  std::uint64_t ports = 0;
  std::uint64_t scopes = 0;
};

struct [[gnu::packed]] Beneath {
  std::uint64_t rights = 0;
  std::int32_t place = -1;
};

/// All file rights that this version of the interface knows. Landlock refuses those that no rule grants, above all
/// programs and devices.
std::uint64_t known_rights(long version) {
  unsigned count = 13;           // version 1: all but
  if (version >= 2) count = 14;  // moving between directories,
  if (version >= 3) count = 15;  // truncating,
  if (version >= 5) count = 16;  // and ioctl() of devices
  return (std::uint64_t{1} << count) - 1;
}

std::size_t size_for(long version) {
  if (version >= 6) return sizeof(Ruleset);
  return version >= 4 ? offsetof(Ruleset, scopes) : offsetof(Ruleset, ports);
}

/// Skips a place that cannot be opened: it could not be read later either.
bool allow(const Descriptor& ruleset, const std::string& place, std::uint64_t rights) {
  const Descriptor opened(::open(place.c_str(), O_PATH | O_CLOEXEC));
  struct stat status{};
  if (!opened || ::fstat(opened.get(), &status) != 0) return true;
  const Beneath rule{S_ISDIR(status.st_mode) ? rights : rights & rights_of_files, opened.get()};
  return ::syscall(add_rule, ruleset.get(), path_beneath, &rule, 0) == 0;
}

Restriction off(const char* what) { return {false, std::string(what) + ": " + std::strerror(errno)}; }

}  // namespace

Restriction restrict_files(const Reach& reach) {
  const long version = ::syscall(create_ruleset, nullptr, 0, version_query);
  if (version < 0 && errno == ENOSYS) return {false, "this kernel has no Landlock"};
  if (version < 0 && errno == EOPNOTSUPP) return {false, "this kernel was started without Landlock"};
  if (version < 0 && errno == EPERM) return {false, "a container or a unit keeps it from us"};
  if (version < 0) return off("landlock_create_ruleset");
  const Ruleset watched{.files = known_rights(version), .scopes = version >= 6 ? abstract_sockets | signals : 0};
  const Descriptor ruleset(static_cast<int>(::syscall(create_ruleset, &watched, size_for(version), 0)));
  if (!ruleset) return off("landlock_create_ruleset");
  for (const auto& place : reach.readable)
    if (!allow(ruleset, place, to_read & watched.files)) return off("landlock_add_rule");
  for (const auto& place : reach.writable)
    if (!allow(ruleset, place, to_write & watched.files)) return off("landlock_add_rule");
  if (::syscall(restrict_self, ruleset.get(), 0) != 0) return off("landlock_restrict_self");
  return {true, "version " + std::to_string(version)};
}

}  // namespace tacet
