#pragma once
#include <sys/socket.h>
#include <sys/un.h>

#include <optional>
#include <string_view>

#include "base/descriptor.hpp"
#include "tacet/instant.hpp"

namespace tacet {

/// The service manager's datagram socket (sd_notify(3)). Open it while this process may still open sockets.
class NotifySocket {
public:
  /// Connects to $NOTIFY_SOCKET. Without a service manager the object does nothing.
  static NotifySocket open();

  /// Tells about a change of state: "READY=1", "STOPPING=1". Needs no memory.
  void tell(std::string_view state) const;

private:
  bool connect() const;

  Descriptor socket_;
  sockaddr_un address_{};
  socklen_t size_ = 0;
};

/// True if a service manager listens to NotifySocket: it has started this process.
bool has_service_manager();

/// The interval for "WATCHDOG=1", if the service manager restarts a silent process: half of its limit
/// (sd_watchdog_enabled(3)).
std::optional<Duration> watchdog_period();

}  // namespace tacet
