#include <sys/inotify.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "base/descriptor.hpp"
#include "base/log.hpp"
#include "system/file_watch.hpp"
#include "system/path_chain.hpp"

namespace tacet {
namespace {

/// Editors replace a file in several steps.
constexpr auto burst = std::chrono::milliseconds(20);
/// How often to read the chain again while it changes.
constexpr int most_scans = 4;

/// The watches of one entry: the entry itself, and its name in its directory if another entry could replace it without
/// an event of its own. (A real directory must be moved or removed first, which is an event.)
constexpr std::uint32_t by_name = IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ONLYDIR;
constexpr std::uint32_t of_directory = IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
constexpr std::uint32_t of_file = IN_CLOSE_WRITE | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF;

struct Place {
  std::uint32_t mask = 0;
  std::set<std::string, std::less<>> names;  ///< that matter in a directory
};
using Places = std::map<std::string, Place>;

Places places_of(const std::vector<PathStep>& chain) {
  Places places;
  for (const PathStep& step : chain) {
    const std::string path = step.directory == "/" ? "/" + step.name : step.directory + "/" + step.name;
    if (step.kind == PathStep::Kind::directory) {
      places[path].mask |= of_directory;
      continue;
    }
    Place& directory = places[step.directory];
    directory.mask |= by_name;
    directory.names.insert(step.name);
    if (step.kind == PathStep::Kind::file) places[path].mask |= of_file;
  }
  return places;
}

}  // namespace

/// Watches the file, and every directory and link of its path.
struct FileWatch::State {
  State(Loop& owner, std::string file, std::function<void()> tell)
      : loop(owner),
        path(std::move(file)),
        on_change(std::move(tell)),
        scheduler(owner.scheduler()),
        settled(scheduler, [this] { on_settled(); }) {
    follow();
  }

  bool open() {
    if (inotify) return true;
    inotify = Descriptor(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
    if (!inotify) {
      complain("inotify");
      return false;
    }
    watch.emplace(loop, inotify.get(), [this](Watch::Ready) { drain(); });
    watch->want_read(true);
    return true;
  }

  void complain(std::string_view what) {
    if (std::exchange(complained, true)) return;
    log::warn("changes of {} will be noticed within a minute, not at once: {}: {}", path, what, std::strerror(errno));
  }

  /// Another look at the chain shows whether it changed before its watches were there.
  void follow() {
    if (!open()) return;
    for (int scan = 0; scan < most_scans; ++scan) {
      const auto chain = chain_of(path);
      watch_all(places_of(chain));
      if (chain_of(path) == chain) return;
    }
    if (!settled.armed()) settled.arm(scheduler.now() + burst);
  }

  void watch_all(Places places) {
    std::map<int, Place> now;
    for (auto& [place, what] : places) {
      const int id = ::inotify_add_watch(inotify.get(), place.c_str(), what.mask);
      if (id >= 0)
        now[id].names.merge(what.names);
      else if (errno == ENOSPC || errno == ENOMEM || (errno == EACCES && !what.names.empty()))
        complain(place);
    }
    for (const auto& [id, place] : watched)
      if (!now.contains(id)) ::inotify_rm_watch(inotify.get(), id);
    watched = std::move(now);
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
    if ((event.mask & IN_Q_OVERFLOW) != 0) return true;
    const auto place = watched.find(event.wd);
    if (place == watched.end() || (event.mask & IN_IGNORED) != 0) return false;
    // An event without a name concerns the watched entry itself.
    return entry.empty() || place->second.names.contains(entry);
  }

  void on_settled() {
    follow();  // the path may lead to another file by now
    on_change();
  }

  Loop& loop;
  std::string path;
  std::function<void()> on_change;
  Scheduler& scheduler;
  Alarm settled;
  bool complained = false;
  Descriptor inotify;
  std::map<int, Place> watched;  // by inotify's numbers
  std::optional<Watch> watch;
};

FileWatch::FileWatch(Loop& loop, const std::string& path, std::function<void()> on_change)
    : state_(std::make_unique<State>(loop, path, std::move(on_change))) {}

FileWatch::~FileWatch() = default;

void FileWatch::look() { state_->follow(); }

}  // namespace tacet
