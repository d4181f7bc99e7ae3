#pragma once
#include <sys/socket.h>

#include <cstddef>
#include <string>
#include <vector>

#include "base/descriptor.hpp"
#include "tacet/config.hpp"
#include "tacet/result.hpp"

namespace tacet {

/// The sockets of one address that is served.
struct ListenSockets {
  SocketAddress address;
  Descriptor udp, tcp;
  Descriptor replies;  ///< where replies by UDP leave, see reply_socket(); none: by `udp`
};

/// Whether this machine has an address now, or would serve it without having it: a wildcard. Not the port is looked at.
bool is_present(const SocketAddress& address);

/// Binds UDP and TCP on one address, for as many workers: each has sockets of its own, and the kernel spreads clients
/// over them. No other process can bind the same while they are open (with several workers only one of the same user
/// that asks to share). An address of the configuration's that this machine does not have (yet) is bound where the
/// system can do that (Linux), and served from the moment at which it is there: see is_present(). Faults: in_use (the
/// detail names the holder, or the command that shows it, and what to do), refused (a port below 1024 without the
/// privilege), unsupported (the machine lacks the address family, or the interface of a link-local address; or a
/// default address), system.
Result<std::vector<ListenSockets>> bind_sockets(const SocketAddress& address, std::size_t workers);

/// Binds TCP alone, exclusively. Faults: the same.
Result<Descriptor> bind_tcp(const SocketAddress& address);

/// What a UDP socket that is bound to `address` needs: room for a burst and, if the address is a wildcard, word of
/// which address each query was sent to.
void prepare_datagrams(int descriptor, const SocketAddress& address);

/// What holds a port of an address by UDP (SOCK_DGRAM) or TCP (SOCK_STREAM), in words: "unbound (pid 123)". A process
/// that may not look into those of other users says what it can see, and how to see the rest: "a program of user
/// unbound (`sudo ss …` shows which)".
std::string holder_of(const SocketAddress& address, int type);

}  // namespace tacet
