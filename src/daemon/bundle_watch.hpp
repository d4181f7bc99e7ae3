#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/loop.hpp"
#include "daemon/upstreams.hpp"
#include "system/file_watch.hpp"

namespace tacet {

/// Tells when a bundle of authorities may have changed, so that a renewed one counts at once.
class BundleWatch {
public:
  /// `on_change` is called on the loop; `loop` must outlive the watch.
  BundleWatch(Loop& loop, std::function<void()> on_change);

  /// From now on watches the files of these stores and no others, and follows their links again.
  void follow(const TrustStores& trust);

private:
  Loop& loop_;
  std::function<void()> on_change_;
  std::map<std::string, std::unique_ptr<FileWatch>> watches_;  // by their files
};

}  // namespace tacet
