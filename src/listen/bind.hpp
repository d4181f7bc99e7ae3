#pragma once
#include <sys/socket.h>
#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/descriptor.hpp"
#include "observe/client_transport.hpp"
#include "tacet/config.hpp"
#include "tacet/result.hpp"

namespace tacet {

/// The sockets of one served address.
struct ListenSockets {
  SocketAddress address;
  Descriptor udp;  ///< none if the address is for an encrypted transport
  Descriptor tcp;
  Descriptor replies;                              ///< sends the replies by UDP, see reply_socket(); none: `udp` does
  ClientTransport streams = ClientTransport::tcp;  ///< what clients of `tcp` speak
};
/// "127.0.0.1:53", "tls://127.0.0.1:853", "https://127.0.0.1:8453/dns-query".
std::string to_string(const ListenSockets& sockets);

/// True if this machine has the address now, or if it is a wildcard. Ignores the port.
bool is_present(const SocketAddress& address);

/// Binds UDP and TCP on one address for this number of workers. Each has sockets of its own, and the kernel spreads
/// clients over them. No other process can bind the same while they are open (with several workers, a process of the
/// same user can if it asks to share). It also binds a configured address that this machine does not have yet, where
/// the system can (Linux); such an address is served once it is there, see is_present(). Faults: in_use (the detail
/// names the holder, or the command that shows it, and what to do), refused (a port below 1024 without the privilege),
/// unsupported (the machine lacks the address family, or the interface of a link-local address; or a default address),
/// system.
Result<std::vector<ListenSockets>> bind_sockets(const SocketAddress& address, std::size_t workers);

/// The same for an encrypted transport, which has TCP alone.
Result<std::vector<ListenSockets>> bind_encrypted(const SocketAddress& address, ClientTransport transport,
                                                  std::size_t workers);

/// Binds TCP alone, exclusively. Faults: the same.
Result<Descriptor> bind_tcp(const SocketAddress& address);

/// Sets the options of a UDP socket that is bound to `address`: room for a burst and, for a wildcard, the kernel's
/// report of the address that each query was sent to.
void prepare_datagrams(int descriptor, const SocketAddress& address);

/// Sets the options that the connections of a listening TCP socket inherit: each answer leaves at once.
void prepare_streams(int descriptor);

/// A process that has a port of this machine.
struct PortHolder {
  pid_t process = 0;
  std::string program;  ///< "unbound"
};
/// The process that holds a port of an address by UDP (SOCK_DGRAM) or TCP (SOCK_STREAM). Nothing if no process does, or
/// without the right to see other users' processes.
std::optional<PortHolder> port_holder(const SocketAddress& address, int type);

/// The program that holds a port of an address by UDP (SOCK_DGRAM) or TCP (SOCK_STREAM): "unbound (pid 123)". Without
/// the right to see other users' processes it says "a program of user unbound (`sudo ss …` shows which)".
std::string holder_of(const SocketAddress& address, int type);

}  // namespace tacet
