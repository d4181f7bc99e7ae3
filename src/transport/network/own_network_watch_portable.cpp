#include "transport/network/own_network_watch.hpp"

namespace tacet {

struct OwnNetworkWatch::State {};

OwnNetworkWatch::OwnNetworkWatch(Loop&, OnChange on_change) {
  if (auto now = OwnNetwork::take()) on_change(*std::move(now));
}
OwnNetworkWatch::~OwnNetworkWatch() = default;

}  // namespace tacet
