#pragma once
#include <functional>
#include <memory>
#include <string>

#include "base/loop.hpp"

namespace tacet {

/// Tells when the file at a path may be another than before: written, replaced, removed or made. Costs nothing while
/// nothing happens. Not everything can be seen (a file in a directory that is not there yet, a bind mount, a network's
/// file system, and on systems other than Linux nothing at all), so whoever must know also looks now and then.
class FileWatch {
public:
  /// `on_change` is called on the loop, a moment after the first of a burst of events. `loop` must outlive the watch.
  FileWatch(Loop& loop, const std::string& path, std::function<void()> on_change);
  ~FileWatch();
  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;

private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tacet
