#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/loop.hpp"
#include "system/file_watch.hpp"

namespace tacet {

/// Tells when a file with certificates may have changed, so that a renewed one counts at once.
class BundleWatch {
public:
  /// `on_change` is called on the loop; `loop` must outlive the watch.
  BundleWatch(Loop& loop, std::function<void()> on_change);

  /// From now on watches these files and no others, and follows their links again.
  void follow(const std::vector<std::string>& files);

private:
  Loop& loop_;
  std::function<void()> on_change_;
  std::map<std::string, std::unique_ptr<FileWatch>> watches_;  // by their files
};

}  // namespace tacet
