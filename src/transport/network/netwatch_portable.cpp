#include "transport/network/netwatch.hpp"

namespace tacet {

NetWatch::NetWatch(Loop& loop, std::function<void()> on_change)
    : on_change_(std::move(on_change)),
      events_(loop.scheduler(), {}, {}) {}

void NetWatch::follow(std::set<std::string> interfaces) { followed_ = std::move(interfaces); }

}  // namespace tacet
