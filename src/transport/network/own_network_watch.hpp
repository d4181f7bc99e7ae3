#pragma once
#include <functional>
#include <memory>

#include "base/loop.hpp"
#include "transport/network/own_network.hpp"

namespace tacet {

/// Keeps what is known of this machine's addresses and links: they come and go (DHCP, a VPN, containers).
class OwnNetworkWatch {
public:
  /// `on_change` is called by the constructor with what is there, and then on the loop: at once when an address comes
  /// or goes, so that its first query is judged by it; the rest of a flood, and links without an address here, about
  /// 100 ms later. Where the system cannot tell of changes, it is called once only; an address that comes later then
  /// needs a prefix of `allow`.
  using OnChange = std::function<void(OwnNetwork)>;
  OwnNetworkWatch(Loop& loop, OnChange on_change);
  ~OwnNetworkWatch();
  OwnNetworkWatch(const OwnNetworkWatch&) = delete;
  OwnNetworkWatch& operator=(const OwnNetworkWatch&) = delete;

private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tacet
