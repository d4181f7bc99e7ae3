#pragma once
#include <cstdint>
#include <set>
#include <string>

#include "tacet/name.hpp"
#include "tacet/result.hpp"

namespace tacet {

/// This machine's way to the network: its addresses that others can reach, and its default routes. Two pictures are
/// equal if a connection that worked in one can be expected to work in the other.
class NetworkState {
public:
  /// As the kernel tells it now (rtnetlink). Fault::system with its words.
  static Result<NetworkState> take();

  /// Adds what a buffer of rtnetlink messages (RTM_NEWADDR, RTM_NEWROUTE) says; what is of no meaning here is passed
  /// over: other messages, loopback, link-local and tentative addresses, routes that are no default routes. True when
  /// the buffer ended a dump (NLMSG_DONE or NLMSG_ERROR).
  bool add(Bytes messages);

  friend bool operator==(const NetworkState&, const NetworkState&) = default;

private:
  std::set<std::string> facts_;  // family, interface and the octets that matter, of each address and route
};

}  // namespace tacet
