#include "cli/setup/held_sockets.hpp"

namespace tacet {

HeldSockets::HeldSockets(pid_t /*process*/, const std::vector<SocketAddress>& addresses)
    : addresses_(addresses.size()) {}

bool HeldSockets::complete() const { return false; }

bool HeldSockets::share() const { return false; }

void HeldSockets::seal() const {}

void HeldSockets::steer(Target /*target*/) const {}

}  // namespace tacet
