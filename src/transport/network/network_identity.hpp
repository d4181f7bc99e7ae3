#pragma once
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "tacet/name.hpp"
#include "tacet/result.hpp"

namespace tacet {

/// What tells one network from another, and is the same at the next visit: the gateways of the default routes, and the
/// prefixes of this machine's addresses on those links. IPv6 counts only without a default route of IPv4, because its
/// routes come later. Two home networks with equal prefixes and gateways look alike.
class NetworkIdentity {
public:
  /// The present network's text(), from the kernel (rtnetlink). Empty where the system cannot tell. Fault::system with
  /// its words.
  static Result<std::string> take();

  /// Adds the content of a buffer of rtnetlink messages (RTM_NEWADDR, RTM_NEWROUTE). True when the buffer ended a dump.
  bool add(Bytes messages);
  /// Compare it only; empty without a default route.
  std::string text() const;

private:
  void add_address(Bytes payload);
  void add_route(Bytes payload);

  using Place = std::pair<std::uint8_t, std::uint32_t>;  // family and interface
  std::map<Place, std::set<std::string>> prefixes_, gateways_;
};

}  // namespace tacet
