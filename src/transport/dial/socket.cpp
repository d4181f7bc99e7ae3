#include "transport/dial/socket.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <system_error>

#include "config/scalar.hpp"
#include "transport/dial/source.hpp"

namespace tacet {

namespace {

/// How long the kernel keeps a connection while the peer acknowledges no data. A channel retires its connection
/// earlier; this limit is for connections that no channel watches.
[[maybe_unused]] constexpr unsigned user_timeout_ms = 5000;

/// The zone of a link-local address: an interface by name or number; 0 if no interface has that name now.
unsigned scope_of(const std::string& zone) {
  if (const unsigned index = ::if_nametoindex(zone.c_str()); index != 0) return index;
  return static_cast<unsigned>(parse_number(zone).value_or(0));
}

bool fill_v4(KernelAddress& out, const SocketAddress& from) {
  sockaddr_in to{};
  if (::inet_pton(AF_INET, from.address.c_str(), &to.sin_addr) != 1) return false;
  to.sin_family = AF_INET;
  to.sin_port = htons(from.port);
  std::memcpy(&out.storage, &to, sizeof to);
  out.size = sizeof to;
  return true;
}

bool fill_v6(KernelAddress& out, const SocketAddress& from) {
  const std::size_t percent = from.address.find('%');
  sockaddr_in6 to{};
  if (::inet_pton(AF_INET6, from.address.substr(0, percent).c_str(), &to.sin6_addr) != 1) return false;
  if (percent != std::string::npos) {
    to.sin6_scope_id = scope_of(from.address.substr(percent + 1));
  }
  to.sin6_family = AF_INET6;
  to.sin6_port = htons(from.port);
  std::memcpy(&out.storage, &to, sizeof to);
  out.size = sizeof to;
  return true;
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
  KernelAddress made;
  if (fill_v4(made, address)) return made;
  if (fill_v6(made, address)) {
    const auto percent = address.address.find('%');
    if (percent == std::string::npos || reinterpret_cast<const sockaddr_in6&>(made.storage).sin6_scope_id != 0)
      return made;
    return fail(Fault::no_network, "there is no interface " + address.address.substr(percent + 1) + " now");
  }
  return fail(Fault::invalid_config, "\"" + address.address + "\" is no IP address");
}

Result<Descriptor> begin_connect(const KernelAddress& address, const ViaConfig& via) {
  Descriptor made(::socket(address.family(), SOCK_STREAM, IPPROTO_TCP));
  if (!made || !set_flags(made.get())) return fail(socket_error(errno));
  tune(made.get());
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

void acknowledge_now([[maybe_unused]] int descriptor) {
#ifdef TCP_QUICKACK
  const int on = 1;
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
#endif
}

}  // namespace tacet
