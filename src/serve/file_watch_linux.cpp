#include <sys/inotify.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include "base/descriptor.hpp"
#include "base/log.hpp"
#include "serve/file_watch.hpp"

namespace tacet {
namespace {

/// Editors replace a file in several steps.
constexpr auto burst = std::chrono::milliseconds(20);
constexpr std::uint32_t in_directory =
    IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ONLYDIR;
constexpr std::uint32_t in_file = IN_CLOSE_WRITE | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF;

}  // namespace

/// Watches the directory, for files that are replaced, and the file itself, for links and mounts that lead elsewhere.
struct FileWatch::State {
  State(Loop& loop, Descriptor opened, const std::string& watched, std::function<void()> tell)
      : inotify(std::move(opened)),
        path(watched),
        name(watched.substr(watched.rfind('/') + 1)),
        on_change(std::move(tell)),
        scheduler(loop.scheduler()),
        settled(scheduler, [this] { on_settled(); }),
        watch(loop, inotify.get(), [this](Watch::Ready) { drain(); }) {
    const std::string directory = path.substr(0, path.rfind('/') + 1);
    ::inotify_add_watch(inotify.get(), directory.c_str(), in_directory);
    file = ::inotify_add_watch(inotify.get(), path.c_str(), in_file);
    watch.want_read(true);
  }

  void drain() {
    alignas(inotify_event) std::array<char, 4096> buffer;
    for (ssize_t size = 0; (size = ::read(inotify.get(), buffer.data(), buffer.size())) > 0;) {
      for (std::size_t at = 0; at < static_cast<std::size_t>(size);) {
        inotify_event event;
        std::memcpy(&event, buffer.data() + at, sizeof event);
        const std::string_view entry = event.len > 0 ? buffer.data() + at + sizeof event : "";
        if (concerns(event, entry) && !settled.armed()) settled.arm(scheduler.now() + burst);
        at += sizeof event + event.len;
      }
    }
  }

  bool concerns(const inotify_event& event, std::string_view entry) const {
    return (event.mask & IN_Q_OVERFLOW) != 0 || event.wd == file || entry == name;
  }

  void on_settled() {
    file = ::inotify_add_watch(inotify.get(), path.c_str(), in_file);  // it may be another file by now
    on_change();
  }

  Descriptor inotify;
  std::string path;
  std::string name;
  std::function<void()> on_change;
  Scheduler& scheduler;
  Alarm settled;
  int file = -1;
  Watch watch;
};

FileWatch::FileWatch(Loop& loop, const std::string& path, std::function<void()> on_change) {
  if (Descriptor inotify{::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)}) {
    state_ = std::make_unique<State>(loop, std::move(inotify), path, std::move(on_change));
  } else {
    log::warn("changes of {} will be noticed within a minute, not at once: inotify: {}", path, std::strerror(errno));
  }
}

FileWatch::~FileWatch() = default;

}  // namespace tacet
