#pragma once
#include <optional>
#include <string_view>

#include "tacet/instant.hpp"

namespace tacet {

/// Tells the service manager about a change of state by its datagram socket (sd_notify(3)): "READY=1", "STOPPING=1".
/// Does nothing where no service manager listens.
void notify_service_manager(std::string_view state);

/// True if a service manager listens to what notify_service_manager() says: it has started this process.
bool has_service_manager();

/// How often to send "WATCHDOG=1", if the service manager restarts this process when it falls silent: half of what it
/// allows (sd_watchdog_enabled(3)).
std::optional<Duration> watchdog_period();

}  // namespace tacet
