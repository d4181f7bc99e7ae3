#include "serve/bind.hpp"

#include <fmt/core.h>
#include <netinet/in.h>

#include <cerrno>
#include <cstring>

#include "transport/socket.hpp"

namespace tacet {
namespace {

Error bind_error(const SocketAddress& address, int error) {
  const std::string where = to_string(address);
  switch (error) {
    case EADDRINUSE: {
      const std::string holder = holder_of(address);
      const std::string who =
          holder.empty() ? fmt::format("somebody else (`ss -lnptu 'sport = :{}'` as root shows who)", address.port)
                         : holder;
      return {Fault::in_use, fmt::format("{} is in use by {}: stop it, or listen elsewhere, e.g. --listen 127.0.0.2:{}",
                                         where, who, address.port)};
    }
    case EACCES:
      return {Fault::refused, fmt::format("{}: a port below 1024 needs root or CAP_NET_BIND_SERVICE; or listen on a "
                                          "higher one, e.g. --listen 127.0.0.1:5353",
                                          where)};
    case EAFNOSUPPORT:
    case EADDRNOTAVAIL:
      return {Fault::unsupported, fmt::format("{}: this machine has no such address", where)};
    default:
      return {Fault::system, fmt::format("{}: {}", where, std::strerror(error))};
  }
}

void set(int descriptor, int level, int name, int value) {
  ::setsockopt(descriptor, level, name, &value, sizeof value);
}

bool is_wildcard(const SocketAddress& address) { return address.address == "0.0.0.0" || address.address == "::"; }

/// A reply must leave from the address that was asked; on a wildcard socket the kernel has to tell which that was.
void ask_for_destination(int descriptor, const SocketAddress& wildcard) {
  const bool v6 = wildcard.address == "::";
  if (v6) set(descriptor, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
#ifdef IP_PKTINFO
  if (!v6) set(descriptor, IPPROTO_IP, IP_PKTINFO, 1);
#endif
}

Result<Descriptor> bind_one(const SocketAddress& address, int type, Sharing sharing) {
  const Result<KernelAddress> where = kernel_address(address);
  if (!where) return fail(where.error());
  Descriptor socket(::socket(where->family(), type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) return fail(bind_error(address, errno));
  if (where->family() == AF_INET6) set(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, 1);
  // For TCP this lets a restarted resolver bind while old connections linger; it lets no second listener in.
  if (type == SOCK_STREAM) set(socket.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  if (sharing == Sharing::among_workers) set(socket.get(), SOL_SOCKET, SO_REUSEPORT, 1);
  if (type == SOCK_DGRAM) prepare_datagrams(socket.get(), address);
  if (::bind(socket.get(), where->get(), where->size) != 0) return fail(bind_error(address, errno));
  if (type == SOCK_STREAM && ::listen(socket.get(), 128) != 0) return fail(bind_error(address, errno));
  return socket;
}

}  // namespace

void prepare_datagrams(int descriptor, const SocketAddress& address) {
  set(descriptor, SOL_SOCKET, SO_RCVBUF, 1 << 20);
  set(descriptor, SOL_SOCKET, SO_SNDBUF, 1 << 20);
  if (is_wildcard(address)) ask_for_destination(descriptor, address);
}

Result<ListenSockets> bind_sockets(const SocketAddress& address, Sharing sharing) {
  Result<Descriptor> udp = bind_one(address, SOCK_DGRAM, sharing);
  if (!udp) return fail(std::move(udp.error()));
  Result<Descriptor> tcp = bind_one(address, SOCK_STREAM, sharing);
  if (!tcp) return fail(std::move(tcp.error()));
  return ListenSockets{address, std::move(*udp), std::move(*tcp)};
}

Result<Descriptor> bind_tcp(const SocketAddress& address) { return bind_one(address, SOCK_STREAM, Sharing::exclusive); }

Result<void> probe_address(const SocketAddress& address) {
  const Result<ListenSockets> sockets = bind_sockets(address, Sharing::exclusive);
  if (!sockets) return fail(sockets.error());
  return {};
}

}  // namespace tacet
