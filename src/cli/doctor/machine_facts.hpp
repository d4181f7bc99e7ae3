#pragma once
#include <string>
#include <vector>

#include "doctor/host_checks.hpp"
#include "doctor/portal_check.hpp"
#include "tacet/config.hpp"

namespace tacet {

/// The plain resolvers that the network announced to this machine: those that systemd-resolved, NetworkManager or the
/// former /etc/resolv.conf name, without loopback addresses and without `own`. In this order, none twice.
std::vector<SocketAddress> network_resolvers(const std::vector<std::string>& own);

/// Looks at this machine, without names_arrive.
HostFacts host_facts(const std::string& socket);
/// Asks for some names of its own by getaddrinfo(); the fault says why they do not arrive at the tacet behind `socket`.
/// Takes four seconds where the machine's resolvers are silent.
Result<void> names_reach_tacet(const HostFacts& facts, const std::string& socket);
/// Looks for Docker.
ContainerFacts container_facts(const HostFacts& host);
/// All interfaces that have an address.
std::vector<InterfaceFacts> interface_facts();
/// What NetworkManager and systemd-networkd say of a captive portal (RFC 8910). Asks the network nothing.
PortalFacts portal_facts();
/// Without the signatures.
ClockFacts clock_facts();

}  // namespace tacet
