#pragma once
#include <string_view>

namespace tacet {

/// Tells the service manager about a change of state by its datagram socket (sd_notify(3)): "READY=1", "STOPPING=1".
/// Does nothing where no service manager listens.
void notify_service_manager(std::string_view state);

}  // namespace tacet
