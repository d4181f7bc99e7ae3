#pragma once
#include <sys/socket.h>

#include <cerrno>
#include <cstdint>
#include <string>

#include "base/descriptor.hpp"
#include "tacet/config.hpp"
#include "tacet/instant.hpp"
#include "tacet/result.hpp"

namespace tacet {

/// A socket address in the kernel's form.
struct KernelAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
  int family() const { return storage.ss_family; }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

/// Fault::no_network if there is no interface "eth0" now for "fe80::1%eth0".
Result<KernelAddress> kernel_address(const SocketAddress& address);

/// Begins a TCP connect to `address`, by the interface or from the address that `via` names: non-blocking,
/// close-on-exec, TCP_NODELAY, TCP_USER_TIMEOUT and TCP_RTO_MIN_US where they exist, TCP_MAXSEG unless it leads to
/// loopback; exactly one connect() is called on it (libcurl needs that). Faults: unreachable (refused at once),
/// no_network (no route, or bind_source()'s), overloaded (no descriptors left), system.
Result<Descriptor> begin_connect(const KernelAddress& address, const ViaConfig& via = {});

/// A UDP socket that is connected to `address`, so that the kernel lets in datagrams from there alone: non-blocking,
/// close-on-exec, at a port of the kernel's choice. Faults: no_network, overloaded, system.
Result<Descriptor> connected_datagrams(const KernelAddress& address, const ViaConfig& via = {});

/// The error for a socket's errno: unreachable (refused, reset), no_network (no route), overloaded (no descriptors, no
/// memory), system; with the system's words.
Error socket_error(int code);

/// The outcome of a connect that has become writable: nothing, or unreachable / no_network with the system's words.
Result<void> finish_connect(int descriptor);

/// The time since the last acknowledgement, if a TCP socket holds unacknowledged data (TCP_INFO). Zero if it holds
/// none, or if the system cannot tell. After a pause this time exceeds the age of the data, so use the smaller of the
/// two.
Duration unacknowledged_for(int descriptor);

/// The state of the other end of a connected TCP socket.
enum class PeerState : std::uint8_t {
  there,   ///< neither of the following
  closed,  ///< it has sent its FIN, whether or not octets before it are unread
  reset,   ///< the connection is broken
};
/// Asks the kernel, and reads nothing.
PeerState peer_state(int descriptor);

/// The round trip that the kernel has measured on a TCP connection; zero if the system cannot tell.
Duration round_trip_of(int descriptor);

/// The flags of send(): a peer that has gone is an error of the call and no signal. Where the system has no such flag,
/// SO_NOSIGPIPE is set on the socket.
#ifdef MSG_NOSIGNAL
inline constexpr int send_flags = MSG_NOSIGNAL;
#else
inline constexpr int send_flags = 0;
#endif

/// True if a non-blocking socket was not ready: the call is to be made again later.
inline bool would_wait(int code) { return code == EAGAIN || code == EWOULDBLOCK || code == EINTR; }

/// Asks the kernel to acknowledge received data at once (TCP_QUICKACK; does nothing on systems without it).
void acknowledge_now(int descriptor);

}  // namespace tacet
