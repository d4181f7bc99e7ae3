#pragma once
#include <functional>
#include <optional>

#include "base/descriptor.hpp"
#include "base/loop.hpp"
#include "transport/network/netwatch.hpp"
#include "transport/network/own_network.hpp"

namespace tacet {

/// Follows this machine's addresses and links, which come and go (DHCP, a VPN, containers).
class OwnNetworkWatch {
public:
  /// The constructor calls `on_change` with the present state; then the loop calls it. When an address comes or goes,
  /// the call comes at once, so that it counts for the first query. The rest of a flood, and links without an address
  /// here, follow about 100 ms later. If the system cannot tell of changes, there is only the first call; a later
  /// address then needs a prefix of `allow`.
  using OnChange = std::function<void(OwnNetwork)>;
  OwnNetworkWatch(Loop& loop, OnChange on_change);
  OwnNetworkWatch(const OwnNetworkWatch&) = delete;
  OwnNetworkWatch& operator=(const OwnNetworkWatch&) = delete;

private:
  void drain();
  void look_again();
  void look();

  Descriptor socket_;
  OnChange on_change_;
  OwnNetwork known_;  // the state of the last call
  int followed_ = 0;  // calls made at once in the present burst
  Burst events_;
  std::optional<Watch> watch_;  // behind the socket: gone before it is closed
};

}  // namespace tacet
