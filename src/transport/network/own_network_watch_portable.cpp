#include "transport/network/own_network_watch.hpp"

namespace tacet {

OwnNetworkWatch::OwnNetworkWatch(Loop& loop, OnChange on_change)
    : on_change_(std::move(on_change)),
      events_(loop.scheduler(), {}, {}) {
  if (auto now = OwnNetwork::take()) on_change_(*std::move(now));
}

}  // namespace tacet
