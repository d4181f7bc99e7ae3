#pragma once
#include <sys/socket.h>

#include <string>

#include "base/descriptor.hpp"
#include "tacet/config.hpp"
#include "tacet/result.hpp"

namespace tacet {

/// The two sockets of one address that is served.
struct ListenSockets {
  SocketAddress address;
  Descriptor udp, tcp;
};

/// How several workers share an address: each has sockets of its own, and the kernel spreads clients over them.
enum class Sharing { exclusive, among_workers };

/// Binds UDP and TCP on one address. With Sharing::exclusive a second process cannot bind the same; for several workers
/// the first set of sockets is to be preceded by an exclusive trial (which this does when asked for the first of them).
/// Faults: in_use (the detail names the holder, or the command that shows it, and what to do), refused (a port below
/// 1024 without the privilege), unsupported (the machine lacks the address family), system.
Result<ListenSockets> bind_sockets(const SocketAddress& address, Sharing sharing);

/// Binds TCP alone, exclusively. Faults: the same.
Result<Descriptor> bind_tcp(const SocketAddress& address);

/// What a UDP socket that is bound to `address` needs: room for a burst and, if the address is a wildcard, word of
/// which address each query was sent to.
void prepare_datagrams(int descriptor, const SocketAddress& address);

/// Closes at once what an exclusive bind would get: tells whether somebody else holds the address.
Result<void> probe_address(const SocketAddress& address);

/// The process that holds a UDP or TCP port of an address, as "unbound (pid 123)"; empty if that is not to be seen.
std::string holder_of(const SocketAddress& address);

}  // namespace tacet
