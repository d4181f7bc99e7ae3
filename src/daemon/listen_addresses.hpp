#pragma once
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/loop.hpp"
#include "listen/bind.hpp"
#include "transport/network/own_network_watch.hpp"

namespace tacet {

/// The addresses at which clients can ask, as bound.
class ListenAddresses {
public:
  explicit ListenAddresses(const std::vector<ListenSockets>& sockets);

  /// Any thread.
  std::vector<std::string> texts() const;
  /// Those that this machine does not have now: no client can ask there. Not the default's ::1 where IPv6 is off. Any
  /// thread.
  std::vector<std::string> absent() const;
  /// Logs what is absent now, and then what comes and goes: a bridge, a VPN. `loop` must outlive the object.
  void follow(Loop& loop);

private:
  void tell();

  std::vector<std::pair<SocketAddress, std::string>> addresses_;  // with its text
  std::vector<std::string> told_absent_;
  std::optional<OwnNetworkWatch> own_network_;
};

}  // namespace tacet
