// Preloaded into a command: the n-th change that it makes to the file system does not happen. TACET_CUT_AT holds n.
// TACET_CUT_BY says by what: "kill" (the process ends there), "full" (no room for anything new from there on).
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <cstddef>
#include <cstdlib>
#include <string_view>

namespace {

long number_of(const char* name) {
  const char* text = std::getenv(name);
  return text == nullptr ? 0 : std::strtol(text, nullptr, 10);
}

bool by_kill() {
  const char* how = std::getenv("TACET_CUT_BY");
  return how != nullptr && std::string_view(how) == "kill";
}

/// True if this change must fail.
bool is_cut(bool needs_room) {
  static const long at = number_of("TACET_CUT_AT");
  static const bool kills = by_kill();
  static long done = 0;
  if (at == 0 || (!kills && !needs_room) || ++done < at) return false;
  if (kills) ::kill(::getpid(), SIGKILL);
  errno = ENOSPC;
  return true;
}

template <typename Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" {

int rename(const char* from, const char* to) noexcept {
  return is_cut(false) ? -1 : next<int(const char*, const char*)>("rename")(from, to);
}

int unlink(const char* path) noexcept { return is_cut(false) ? -1 : next<int(const char*)>("unlink")(path); }

int unlinkat(int folder, const char* path, int flags) noexcept {
  return is_cut(false) ? -1 : next<int(int, const char*, int)>("unlinkat")(folder, path, flags);
}

int remove(const char* path) noexcept { return is_cut(false) ? -1 : next<int(const char*)>("remove")(path); }

int mkdir(const char* path, mode_t mode) noexcept {
  return is_cut(true) ? -1 : next<int(const char*, mode_t)>("mkdir")(path, mode);
}

int symlink(const char* target, const char* path) noexcept {
  return is_cut(true) ? -1 : next<int(const char*, const char*)>("symlink")(target, path);
}

ssize_t write(int descriptor, const void* data, std::size_t size) {
  const bool counts = descriptor > STDERR_FILENO && is_cut(true);
  return counts ? -1 : next<ssize_t(int, const void*, std::size_t)>("write")(descriptor, data, size);
}

int open(const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(more, mode_t) : 0;
  va_end(more);
  return (flags & O_CREAT) != 0 && is_cut(true) ? -1 : next<int(const char*, int, ...)>("open")(path, flags, mode);
}
}
