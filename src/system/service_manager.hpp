#pragma once
#include <sys/socket.h>
#include <sys/un.h>

#include <optional>
#include <string_view>

#include "base/descriptor.hpp"
#include "tacet/instant.hpp"

namespace tacet {

/// The way to the service manager's datagram socket (sd_notify(3)), opened while this process may still open one.
class NotifySocket {
public:
  /// Connected to what $NOTIFY_SOCKET names; one that says nothing where no service manager listens.
  static NotifySocket open();

  /// Tells about a change of state: "READY=1", "STOPPING=1". Needs no memory.
  void tell(std::string_view state) const;

private:
  bool connect() const;

  Descriptor socket_;
  sockaddr_un address_{};
  socklen_t size_ = 0;
};

/// True if a service manager listens to what NotifySocket says: it has started this process.
bool has_service_manager();

/// How often to send "WATCHDOG=1", if the service manager restarts this process when it falls silent: half of what it
/// allows (sd_watchdog_enabled(3)).
std::optional<Duration> watchdog_period();

}  // namespace tacet
