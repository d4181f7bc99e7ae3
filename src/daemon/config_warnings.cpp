#include "daemon/config_warnings.hpp"

#include <fmt/ranges.h>

#include <string>
#include <vector>

#include "base/log.hpp"
#include "config/prefix.hpp"

namespace tacet {

void warn_of_zones_in_clear(const Config& config) {
  for (const ForwardZone& zone : config.forward) {
    if (!zone.in_clear()) continue;
    std::vector<std::string> servers;
    for (const ZoneServer& server : zone.servers) servers.push_back(to_string(std::get<SocketAddress>(server)));
    log::warn("names in {} travel in clear, to {}, as configured by `forward`", zone.zone, fmt::join(servers, ", "));
  }
}

void warn_of_public_clients(const Config& config) {
  for (const AddressPrefix& prefix : config.allow)
    if (is_public(prefix))
      log::warn(
          "`allow` holds {}, addresses of the Internet: an open resolver tells strangers what this household "
          "asks, and is used to flood others with answers in its name. Allow your own addresses only, or close "
          "port 53 towards the Internet",
          to_string(prefix));
}

}  // namespace tacet
