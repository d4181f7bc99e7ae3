#include "transport/dial/socket.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <system_error>

#include "config/scalar.hpp"
#include "transport/dial/source.hpp"

namespace tacet {

namespace {

#ifdef __linux__
/// TCP_RTO_MIN_US of linux/tcp.h (Linux 6.15), which the headers of Debian 12 and 13 lack.
constexpr int rto_min_option = 45;
/// How much longer than a round trip and its variation the kernel waits for an acknowledgement, instead of 200 ms.
constexpr int rto_min_us = 10000;
#endif

/// The event that the peer has sent its FIN.
#ifdef POLLRDHUP
constexpr short finished = POLLRDHUP;
#else
constexpr short finished = POLLHUP;
#endif

/// How long the kernel keeps a connection while the peer acknowledges no data. A channel retires its connection
/// earlier; this limit is for connections that no channel watches.
[[maybe_unused]] constexpr unsigned user_timeout_ms = 5000;

/// Octets in a segment, both ways. A tunnel or a dial-up line takes smaller packets than its ends believe, and where
/// the ICMP message that says so is lost, the server's certificate never comes. Every link takes packets of 1280 octets
/// (RFC 8200 §5): that leaves this much beside the heads of IPv6 and TCP.
[[maybe_unused]] constexpr int most_in_segment = 1220;

/// Within this machine nothing is in the way, and small segments would cost a fifth more CPU time.
void bound_segments([[maybe_unused]] int fd, [[maybe_unused]] const KernelAddress& to) {
#ifdef TCP_MAXSEG
  const auto address = IpAddress::from_kernel(*to.get());
  if (!address || address->is_loopback()) return;
  ::setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &most_in_segment, sizeof most_in_segment);
#endif
}

/// The zone of a link-local address: an interface by name or number; 0 if no interface has that name now.
unsigned scope_of(const std::string& zone) {
  if (const unsigned index = ::if_nametoindex(zone.c_str()); index != 0) return index;
  return static_cast<unsigned>(parse_number(zone).value_or(0));
}

KernelAddress kernel_form(const auto& to) {
  KernelAddress made;
  std::memcpy(&made.storage, &to, sizeof to);
  made.size = sizeof to;
  return made;
}

KernelAddress kernel_v4(const IpAddress& address, std::uint16_t port) {
  sockaddr_in to{};
  std::memcpy(&to.sin_addr, address.octets().data(), sizeof to.sin_addr);
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  return kernel_form(to);
}

KernelAddress kernel_v6(const IpAddress& address, std::uint16_t port, unsigned scope) {
  sockaddr_in6 to{};
  std::memcpy(&to.sin6_addr, address.octets().data(), sizeof to.sin6_addr);
  to.sin6_scope_id = scope;
  to.sin6_family = AF_INET6;
  to.sin6_port = htons(port);
  return kernel_form(to);
}

bool set_flags(int fd) {
  return ::fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 && ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK) == 0;
}

/// Sets options that help but are not needed: ignores a refusal.
void tune(int fd) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
#ifdef TCP_USER_TIMEOUT
  ::setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &user_timeout_ms, sizeof user_timeout_ms);
#endif
#ifdef __linux__
  ::setsockopt(fd, IPPROTO_TCP, rto_min_option, &rto_min_us, sizeof rto_min_us);
#endif
#ifdef SO_NOSIGPIPE
  ::setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
#endif
}

}  // namespace

Error socket_error(int code) {
  const std::string words = std::generic_category().message(code);
  switch (code) {
    case ENETUNREACH:
    case EHOSTUNREACH:
    case ENETDOWN:
    case EADDRNOTAVAIL:  // no address of our own to send from
    case EAFNOSUPPORT:
    case ENODEV:  // the interface of a link-local address is gone
    case ENXIO:
    case EACCES:  // a "prohibit" route, or a local firewall's refusal
    case EPERM:
      return {Fault::no_network, words};
    case EMFILE:
      return {Fault::overloaded, words + " (raise the limit: LimitNOFILE= of the service, or ulimit -n)"};
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
      return {Fault::overloaded, words};
    case ECONNREFUSED:
    case ECONNRESET:
    case ECONNABORTED:
    case ETIMEDOUT:
    case EPIPE:
      return {Fault::unreachable, words};
    default:
      return {Fault::system, words};
  }
}

Result<KernelAddress> kernel_address(const SocketAddress& address) {
  if (!address.address.is_v6()) return kernel_v4(address.address, address.port);
  const std::string zone(address.address.interface());
  if (zone.empty()) return kernel_v6(address.address, address.port, 0);
  const unsigned scope = scope_of(zone);
  if (scope == 0) return fail(Fault::no_network, "there is no interface " + zone + " now");
  return kernel_v6(address.address, address.port, scope);
}

Result<Descriptor> begin_connect(const KernelAddress& address, const ViaConfig& via) {
  Descriptor made(::socket(address.family(), SOCK_STREAM, IPPROTO_TCP));
  if (!made || !set_flags(made.get())) return fail(socket_error(errno));
  tune(made.get());
  bound_segments(made.get(), address);
  if (Result<void> bound = bind_source(made.get(), address.family(), via); !bound)
    return fail(std::move(bound.error()));
  if (::connect(made.get(), address.get(), address.size) != 0 && errno != EINPROGRESS) return fail(socket_error(errno));
  return made;
}

Result<Descriptor> connected_datagrams(const KernelAddress& address, const ViaConfig& via) {
  Descriptor made(::socket(address.family(), SOCK_DGRAM, IPPROTO_UDP));
  if (!made || !set_flags(made.get())) return fail(socket_error(errno));
  if (Result<void> bound = bind_source(made.get(), address.family(), via); !bound)
    return fail(std::move(bound.error()));
  if (::connect(made.get(), address.get(), address.size) != 0) return fail(socket_error(errno));
  return made;
}

Result<void> finish_connect(int descriptor) {
  int code = 0;
  socklen_t size = sizeof code;
  if (::getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size) != 0) code = errno;
  if (code != 0) return fail(socket_error(code));
  return {};
}

Duration unacknowledged_for([[maybe_unused]] int descriptor) {
#ifdef __linux__
  tcp_info info{};
  socklen_t size = sizeof info;
  if (::getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 && info.tcpi_unacked != 0)
    return std::chrono::milliseconds(info.tcpi_last_ack_recv);
#endif
  return Duration::zero();
}

Duration round_trip_of([[maybe_unused]] int descriptor) {
#ifdef __linux__
  tcp_info info{};
  socklen_t size = sizeof info;
  if (::getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &info, &size) == 0)
    return std::chrono::microseconds(info.tcpi_rtt);
#endif
  return Duration::zero();
}

void acknowledge_now([[maybe_unused]] int descriptor) {
#ifdef TCP_QUICKACK
  const int on = 1;
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
#endif
}

PeerState peer_state(int descriptor) {
  pollfd poll{.fd = descriptor, .events = finished, .revents = 0};
  if (::poll(&poll, 1, 0) <= 0) return PeerState::there;
  // We never send a FIN ourselves, so a hang-up in both directions is a reset.
  if ((poll.revents & (POLLERR | POLLNVAL)) != 0) return PeerState::reset;
  if (finished != POLLHUP && (poll.revents & POLLHUP) != 0) return PeerState::reset;
  return (poll.revents & finished) != 0 ? PeerState::closed : PeerState::there;
}

}  // namespace tacet
