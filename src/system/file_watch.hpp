#pragma once
#include <functional>
#include <memory>
#include <string>

#include "base/loop.hpp"

namespace tacet {

/// Tells when the file at an absolute path may have changed: it was written, replaced, removed or made, or a link or a
/// directory of its path changed. It costs nothing while nothing happens. It misses some changes (a mount on top, a
/// network file system, files beyond the system's limit of watches; on systems other than Linux all changes). So the
/// owner must also look at times, and call look().
class FileWatch {
public:
  /// `on_change` is called on the loop, a moment after the first of a burst of events. `loop` must outlive the watch.
  /// Logs once what it cannot watch.
  FileWatch(Loop& loop, const std::string& path, std::function<void()> on_change);
  ~FileWatch();
  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;

  /// Follows the path to its present file, and tries again to watch what it could not.
  void look();

private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tacet
