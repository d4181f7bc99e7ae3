#pragma once
#include <cstdint>
#include <set>
#include <string>

#include "tacet/name.hpp"
#include "tacet/result.hpp"

namespace tacet {

/// This machine's connection to the network: the addresses that others can reach, and the default routes. Two states
/// are equal if a connection that works in one probably works in the other.
class NetworkState {
public:
  /// Reads the present state from the kernel (rtnetlink). Fault::system with its words.
  static Result<NetworkState> take();

  /// Adds the content of a buffer of rtnetlink messages (RTM_NEWADDR, RTM_NEWROUTE). Skips other messages, loopback,
  /// link-local and tentative addresses, and routes that are no default routes. True when the buffer ended a dump
  /// (NLMSG_DONE or NLMSG_ERROR).
  bool add(Bytes messages);

  friend bool operator==(const NetworkState&, const NetworkState&) = default;

private:
  std::set<std::string> facts_;  // for each address and route: family, interface and the octets that matter
};

}  // namespace tacet
