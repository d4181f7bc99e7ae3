#pragma once
#include <functional>
#include <optional>

#include "base/descriptor.hpp"
#include "base/loop.hpp"
#include "transport/network/netwatch.hpp"
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
  OwnNetworkWatch(const OwnNetworkWatch&) = delete;
  OwnNetworkWatch& operator=(const OwnNetworkWatch&) = delete;

private:
  void drain();
  void look_again();
  void look();

  Descriptor socket_;
  OnChange on_change_;
  OwnNetwork known_;  // what was told last
  int followed_ = 0;  // at once, of the present burst
  Burst events_;
  std::optional<Watch> watch_;  // behind the socket: gone before it is closed
};

}  // namespace tacet
