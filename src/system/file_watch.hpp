#pragma once
#include <functional>
#include <memory>
#include <string>

#include "base/loop.hpp"

namespace tacet {

/// Tells when the file at an absolute path may be another than before: written, replaced, removed or made, or because a
/// link or a directory on the way to it is another. Costs nothing while nothing happens. Not everything can be seen (a
/// mount on top, a network's file system, what is beyond the system's limit of watches, and on systems other than Linux
/// nothing at all), so whoever must know also looks now and then, and says so by look().
class FileWatch {
public:
  /// `on_change` is called on the loop, a moment after the first of a burst of events. `loop` must outlive the watch.
  /// What cannot be watched is logged, once.
  FileWatch(Loop& loop, const std::string& path, std::function<void()> on_change);
  ~FileWatch();
  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;

  /// Watches where the path leads to now, and tries again what could not be watched.
  void look();

private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tacet
