#pragma once
#include <cstdint>
#include <set>
#include <string>
#include <utility>

#include "tacet/name.hpp"
#include "tacet/result.hpp"

namespace tacet {

/// This machine's connection to the network: the addresses that others can reach, and the default routes with those
/// that VPNs lay over them. Two states are equal if a connection that works in one probably works in the other. Of a
/// followed interface, whether it is there and up counts as well, and each of its routes.
class NetworkState {
public:
  /// `followed`: names of interfaces.
  explicit NetworkState(std::set<std::string> followed = {}) : followed_(std::move(followed)) {}

  /// Reads the present state from the kernel (rtnetlink). Fault::system with its words.
  static Result<NetworkState> take(const std::set<std::string>& followed = {});

  /// Adds the content of a buffer of rtnetlink messages (RTM_NEWLINK, which must come first, RTM_NEWADDR,
  /// RTM_NEWROUTE). Skips other messages, loopback, link-local and tentative addresses, other links, and routes to a
  /// part of the network unless they lead over a followed link. True when the buffer ended a dump (NLMSG_DONE or
  /// NLMSG_ERROR).
  bool add(Bytes messages);

  friend bool operator==(const NetworkState&, const NetworkState&) = default;

private:
  std::string link_fact(Bytes payload);
  std::string route_fact(Bytes payload) const;

  std::set<std::string> followed_;
  std::set<int> followed_links_;  // their numbers, as far as they are there
  std::set<std::string> facts_;   // for each address, route and link: family, interface and the octets that matter
};

}  // namespace tacet
