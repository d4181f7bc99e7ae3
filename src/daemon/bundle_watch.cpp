#include "daemon/bundle_watch.hpp"

#include <algorithm>
#include <utility>

namespace tacet {

BundleWatch::BundleWatch(Loop& loop, std::function<void()> on_change) : loop_(loop), on_change_(std::move(on_change)) {}

void BundleWatch::follow(const std::vector<std::string>& files) {
  std::erase_if(watches_, [&](const auto& watch) { return std::ranges::find(files, watch.first) == files.end(); });
  for (const std::string& file : files) {
    auto& watch = watches_[file];
    if (watch)
      watch->look();
    else
      watch = std::make_unique<FileWatch>(loop_, file, on_change_);
  }
}

}  // namespace tacet
