#include <fcntl.h>
#include <fmt/format.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <initializer_list>
#include <memory>

#include "system/confinement.hpp"

namespace tacet {
namespace {

/// The calls of both processes and their libraries. A call in no list, or a newer one, does not exist for the process
/// (ENOSYS): the C library then uses an older call of the list. The strict list is in the unit.
constexpr std::array always{
    // descriptors and files; Landlock limits the places of files
    "read", "readv", "pread64", "preadv", "write", "writev", "close", "fcntl", "lseek", "access", "faccessat",
    "faccessat2", "stat", "lstat", "fstat", "newfstatat", "fstatat64", "statx", "statfs", "fstatfs", "readlink",
    "readlinkat", "getdents64", "getcwd", "fadvise64",
    // messages
    "sendto", "sendmsg", "recvfrom", "recvmsg",
    // time
    "clock_gettime", "clock_getres", "clock_nanosleep", "nanosleep", "gettimeofday", "time", "times",
    // memory
    "brk", "munmap", "mremap", "madvise", "membarrier", "futex", "exit", "exit_group", "rseq", "gettid", "getcpu",
    // signals
    "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "restart_syscall",
    // what the process is and where
    "getpid", "getppid", "getuid", "geteuid", "getgid", "getegid", "getrandom", "uname", "sysinfo"};

/// The further calls of a resolver and its libraries.
constexpr std::array of_resolver{
    // descriptors and files
    "openat", "open", "pwrite64", "pwritev", "close_range", "dup", "dup2", "dup3", "fsync", "fdatasync", "ftruncate",
    "flock", "unlink", "unlinkat", "rename", "renameat", "renameat2", "chmod", "fchmod", "fchmodat", "umask", "pipe",
    "pipe2",
    // sockets
    "bind", "connect", "listen", "accept", "accept4", "getsockname", "getpeername", "getsockopt", "setsockopt",
    "shutdown", "sendmmsg", "recvmmsg",
    // events and timers
    "epoll_create", "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait", "epoll_pwait2", "poll", "ppoll",
    "select", "pselect6", "eventfd", "eventfd2", "timerfd_create", "timerfd_settime", "timerfd_gettime",
    "inotify_init1", "inotify_add_watch", "inotify_rm_watch",
    // threads
    "set_robust_list", "get_robust_list", "set_tid_address", "sched_yield", "sched_getaffinity", "sched_getparam",
    "sched_getscheduler", "sched_get_priority_max", "sched_get_priority_min",
    // signals
    "rt_sigpending", "rt_sigsuspend", "rt_sigtimedwait", "sigaltstack",
    // what the process is
    "getresuid", "getresgid", "getgroups", "getrlimit", "getrusage", "getpriority"};

/// A filter under construction. Skips calls that this architecture lacks.
class Filter {
public:
  Filter() : context_(seccomp_init(SCMP_ACT_ERRNO(ENOSYS)), seccomp_release) {
    // Confine all threads, if there are others. A call of a foreign architecture fails and does not kill.
    keep(seccomp_attr_set(context_.get(), SCMP_FLTATR_CTL_TSYNC, 1));
    keep(seccomp_attr_set(context_.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS)));
    // A balanced tree, for kernels that do not remember which calls are allowed.
    keep(seccomp_attr_set(context_.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2));
  }

  void allow(const char* name, std::initializer_list<scmp_arg_cmp> where = {}) {
    const int number = seccomp_syscall_resolve_name(name);
    if (number == __NR_SCMP_ERROR) return;
    keep(seccomp_rule_add_array(context_.get(), SCMP_ACT_ALLOW, number, static_cast<unsigned>(where.size()),
                                where.begin()));
  }

  /// Zero, or the first error.
  int load() {
    if (error_ == 0) keep(seccomp_load(context_.get()));
    return error_;
  }

private:
  void keep(int result) {
    if (error_ == 0 && result < 0) error_ = -result;
  }

  std::unique_ptr<void, decltype(&seccomp_release)> context_;
  int error_ = 0;
};

scmp_arg_cmp argument(unsigned index, std::uint64_t value) { return {index, SCMP_CMP_EQ, value, 0}; }
scmp_arg_cmp masked(unsigned index, std::uint64_t mask, std::uint64_t value) {
  return {index, SCMP_CMP_MASKED_EQ, mask, value};
}
constexpr std::uint64_t word = 0xffffffff;  // an int in a register: ignore the upper half

/// UDP and TCP, and netlink, which tells of network changes. No raw and no packet sockets. No Unix socket either,
/// because it reaches the system's services (D-Bus); the needed ones are already open. libcurl wakes itself by a pair
/// of stream sockets, which reach only each other; a datagram socket of a pair could send to any service.
void allow_sockets(Filter& filter) {
  constexpr std::uint64_t type_mask = 0xf;
  for (const auto family : std::initializer_list<unsigned>{AF_INET, AF_INET6})
    for (const unsigned type : {SOCK_STREAM, SOCK_DGRAM})
      filter.allow("socket", {masked(0, word, family), masked(1, type_mask, type)});
  filter.allow("socket", {masked(0, word, AF_NETLINK)});
  filter.allow("socketpair", {masked(0, word, AF_UNIX), masked(1, type_mask, SOCK_STREAM)});
}

/// Allows to map libraries, but no memory that is both writable and executable.
void allow_memory(Filter& filter) {
  for (const char* map : {"mmap", "mmap2"}) {
    filter.allow(map, {masked(2, PROT_EXEC, 0)});
    filter.allow(map, {masked(2, PROT_WRITE, 0)});
  }
  filter.allow("mprotect", {masked(2, PROT_EXEC, 0)});
}

/// Opens files for reading only, also on a kernel without Landlock, where root could write them.
void allow_reading(Filter& filter) {
  filter.allow("openat", {masked(2, O_ACCMODE, O_RDONLY)});
  filter.allow("open", {masked(1, O_ACCMODE, O_RDONLY)});
}

/// abort(), of this process only.
void allow_abort(Filter& filter) { filter.allow("tgkill", {masked(0, word, static_cast<std::uint64_t>(::getpid()))}); }

/// Threads, but no processes. (A filter cannot see the flags of clone3(), so it refuses that; the C library then uses
/// clone().)
void allow_threads(Filter& filter) {
#ifdef __s390__
  constexpr unsigned flags = 1;
#else
  constexpr unsigned flags = 0;
#endif
  filter.allow("clone", {masked(flags, CLONE_THREAD, CLONE_THREAD)});
}

void allow_particulars(Filter& filter) {
  constexpr std::array<unsigned, 7> requests{FIONBIO,    FIONREAD,     TIOCOUTQ,   TCGETS,
                                             TIOCGWINSZ, SIOCGIFINDEX, SIOCGIFNAME};
  for (const auto request : requests) filter.allow("ioctl", {masked(1, word, request)});
  constexpr unsigned name_of_memory = 0x53564d41;  // PR_SET_VMA, of newer C libraries
  for (const unsigned option : {unsigned{PR_SET_NAME}, unsigned{PR_GET_NAME}, name_of_memory})
    filter.allow("prctl", {masked(0, word, option)});
  filter.allow("prlimit64", {masked(0, word, 0), argument(2, 0)});  // reads our own
}

}  // namespace

Restriction restrict_system_calls(Calls calls) {
  Filter filter;
  for (const char* name : always) filter.allow(name);
  allow_memory(filter);
  allow_abort(filter);
  if (calls == Calls::of_file_opener) {
    allow_reading(filter);
  } else {
    for (const char* name : of_resolver) filter.allow(name);
    allow_sockets(filter);
    allow_threads(filter);
    allow_particulars(filter);
  }
  const int error = filter.load();
  if (error == 0) return {true, {}};
  return {false, error == EINVAL || error == ENOSYS ? "this kernel has no seccomp filters" : std::strerror(error)};
}

std::string confinement_library_version() {
  const scmp_version* version = seccomp_version();
  return fmt::format("libseccomp {}.{}.{}", version->major, version->minor, version->micro);
}

}  // namespace tacet
