// Preloaded into the daemon: what a suspend and a person do to its clocks. The file that TACET_SUSPENDED names holds a
// number of seconds (a native 64-bit integer) by which CLOCK_BOOTTIME is ahead; CLOCK_MONOTONIC stands still in a
// suspend. The file that TACET_CLOCK_SET names says the same of CLOCK_REALTIME; then a FIFO that TACET_CLOCK_TOLD names
// stands in for timers of that clock: eight octets written to it are the kernel's word that the clock was set.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>

namespace {

const volatile std::int64_t* seconds_in(const char* variable) {
  const char* path = std::getenv(variable);
  const int file = path == nullptr ? -1 : ::open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return nullptr;
  void* page = ::mmap(nullptr, sizeof(std::int64_t), PROT_READ, MAP_SHARED, file, 0);
  ::close(file);
  return page == MAP_FAILED ? nullptr : static_cast<const volatile std::int64_t*>(page);
}

}  // namespace

extern "C" int clock_gettime(clockid_t which, timespec* time) noexcept {
  static const volatile std::int64_t* const suspended = seconds_in("TACET_SUSPENDED");
  static const volatile std::int64_t* const set = seconds_in("TACET_CLOCK_SET");
  const long outcome = ::syscall(SYS_clock_gettime, which, time);
  if (outcome == 0 && which == CLOCK_BOOTTIME && suspended != nullptr) time->tv_sec += *suspended;
  if (outcome == 0 && which == CLOCK_REALTIME && set != nullptr) time->tv_sec += *set;
  return static_cast<int>(outcome);
}

static int told = -1;  // the FIFO

/// While the daemon is still root.
__attribute__((constructor)) static void open_fifo() {
  const char* path = std::getenv("TACET_CLOCK_TOLD");
  if (path != nullptr) told = ::open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
}

extern "C" int timerfd_create(int clock, int flags) noexcept {
  if (told >= 0 && clock == CLOCK_REALTIME) return told;
  return static_cast<int>(::syscall(SYS_timerfd_create, clock, flags));
}

extern "C" int timerfd_settime(int timer, int flags, const itimerspec* time, itimerspec* former) noexcept {
  if (timer == told) return 0;
  return static_cast<int>(::syscall(SYS_timerfd_settime, timer, flags, time, former));
}
