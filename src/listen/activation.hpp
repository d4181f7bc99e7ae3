#pragma once
#include <vector>

#include "base/descriptor.hpp"
#include "listen/bind.hpp"
#include "tacet/result.hpp"

namespace tacet {

/// A descriptor from the service manager, and what its clients speak: FileDescriptorName=tls or https in the socket
/// unit; any other name is plain DNS.
struct PassedDescriptor {
  Descriptor descriptor;
  ClientTransport streams = ClientTransport::tcp;
};

/// The descriptors that the service manager opened for this process, in its order; none if it opened none
/// (sd_listen_fds_with_names(3): LISTEN_FDS of them, from 3 on, if LISTEN_PID is this process; their names are in
/// LISTEN_FDNAMES). Removes the variables from the environment, so that no child uses them. Call it once, before there
/// are threads.
std::vector<PassedDescriptor> take_passed_descriptors();

/// The addresses that these descriptors serve, in the order of their first descriptor. The type of a socket tells UDP
/// from TCP. Makes the sockets non-blocking and close-on-exec, and sets the other options that a bound socket needs.
/// Faults: invalid_config if one is no listening IP socket, came twice, or has no partner of the other type: a resolver
/// with only one of the two seems to work and fails at the first long answer. A socket for an encrypted transport is
/// TCP and has no partner.
Result<std::vector<ListenSockets>> pair_passed_sockets(std::vector<PassedDescriptor> passed);

/// True if an IPv6 wildcard socket also receives for IPv4 addresses.
bool takes_both_families(const Descriptor& socket);

/// Copies of the same sockets for another worker. A free worker takes the next query.
Result<std::vector<ListenSockets>> share_sockets(const std::vector<ListenSockets>& sockets);

}  // namespace tacet
