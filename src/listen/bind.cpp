#include "listen/bind.hpp"

#include <fmt/core.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "listen/datagrams.hpp"
#include "transport/dial/socket.hpp"

namespace tacet {
namespace {

/// What to do if another program has the address. A wildcard also fails if that program has one of its addresses only,
/// as dnsmasq has a bridge's.
std::string way_out(const SocketAddress& address) {
  if (address.address.is_unspecified())
    return "list this machine's addresses under `listen` one by one, without those that it holds";
  return fmt::format("listen elsewhere, e.g. --listen 127.0.0.2:{}", address.port);
}

Error bind_error(const SocketAddress& address, int type, int error) {
  const std::string where = to_string(address);
  switch (error) {
    case EADDRINUSE:
      return {Fault::in_use,
              fmt::format("{} is in use by {}: stop it, or {}", where, holder_of(address, type), way_out(address))};
    case EACCES:
      return {Fault::refused, fmt::format("{}: a port below 1024 needs root or CAP_NET_BIND_SERVICE; or listen on a "
                                          "higher one, e.g. --listen 127.0.0.1:5353",
                                          where)};
    case EAFNOSUPPORT:
    case EADDRNOTAVAIL:
    case ENODEV:
      return {Fault::unsupported, fmt::format("{}: this machine has no such address", where)};
    default:
      return {Fault::system, fmt::format("{}: {}", where, std::strerror(error))};
  }
}

void set(int descriptor, int level, int name, int value) {
  ::setsockopt(descriptor, level, name, &value, sizeof value);
}

/// A reply must leave from the address that received the query. On a wildcard socket the kernel has to tell that
/// address.
void ask_for_destination(int descriptor, const SocketAddress& wildcard) {
  const bool v6 = wildcard.address.is_v6();
  if (v6) set(descriptor, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
#ifdef IP_PKTINFO
  if (!v6) set(descriptor, IPPROTO_IP, IP_PKTINFO, 1);
#endif
}

/// Other sockets that may bind the same address.
enum class Sharing : std::uint8_t {
  exclusive,          ///< none
  with_reply_socket,  ///< a socket with SO_REUSEADDR, until seal()
  among_workers,      ///< the same, and sockets of this user with SO_REUSEPORT
};

/// How to treat an address that this machine does not have.
enum class MissingAddress : std::uint8_t {
  refused,  ///< a fault
  awaited,  ///< bind it anyway, where the system can
};

void await_address([[maybe_unused]] int descriptor, [[maybe_unused]] int family) {
#ifdef IP_FREEBIND
  set(descriptor, IPPROTO_IP, IP_FREEBIND, 1);  // kernels before 4.15 know only this one, for both families
  if (family == AF_INET6) set(descriptor, IPPROTO_IPV6, IPV6_FREEBIND, 1);
#endif
}

Result<Descriptor> bind_one(const SocketAddress& address, int type, Sharing sharing, MissingAddress absence) {
  const Result<KernelAddress> where = kernel_address(address);
  // Treats a missing interface as a missing address.
  if (!where && where.error().fault == Fault::no_network)
    return fail(Fault::unsupported, fmt::format("{}: {}", to_string(address), where.error().detail));
  if (!where) return fail(where.error());
  Descriptor socket(::socket(where->family(), type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) return fail(bind_error(address, type, errno));
  if (where->family() == AF_INET6) set(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, 1);
  // For TCP this lets a restarted resolver bind while old connections linger. It allows no second listener.
  if (type == SOCK_STREAM || sharing != Sharing::exclusive) set(socket.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  if (sharing == Sharing::among_workers) set(socket.get(), SOL_SOCKET, SO_REUSEPORT, 1);
  if (type == SOCK_DGRAM)
    prepare_datagrams(socket.get(), address);
  else
    prepare_streams(socket.get());
  if (absence == MissingAddress::awaited) await_address(socket.get(), where->family());
  if (::bind(socket.get(), where->get(), where->size) != 0) return fail(bind_error(address, type, errno));
  if (type == SOCK_STREAM && ::listen(socket.get(), 128) != 0) return fail(bind_error(address, type, errno));
  return socket;
}

/// Binds UDP and TCP; for an encrypted transport TCP alone.
Result<void> bind_all(ListenSockets& sockets, Sharing sharing, MissingAddress absence) {
  for (const auto& [slot, type] : {std::pair(&sockets.udp, SOCK_DGRAM), {&sockets.tcp, SOCK_STREAM}}) {
    if (type == SOCK_DGRAM && is_encrypted(sockets.streams)) continue;
    Result<Descriptor> bound = bind_one(sockets.address, type, sharing, absence);
    if (!bound) return fail(std::move(bound.error()));
    *slot = *std::move(bound);
  }
  return {};
}

/// Binds exclusively and closes at once: success proves that no other process holds the address.
Result<void> try_to_have_alone(const SocketAddress& address, ClientTransport streams, MissingAddress absence) {
  ListenSockets sockets{.address = address, .streams = streams};
  return bind_all(sockets, Sharing::exclusive, absence);
}

/// Binds the sockets that only reply. Bind them first, or a query could arrive at one of them.
void add_reply_sockets(std::vector<ListenSockets>& sockets) {
  const SocketAddress& address = sockets.front().address;
  const Result<KernelAddress> where = kernel_address(address);
  if (is_encrypted(sockets.front().streams)) return;
  if (!where || address.address.is_unspecified()) return;  // a connected socket has one local address
  for (ListenSockets& each : sockets) each.replies = reply_socket(*where);
}

/// From now on SO_REUSEADDR alone lets no other socket bind the same address.
void seal(const std::vector<ListenSockets>& sockets) {
  for (const ListenSockets& each : sockets)
    for (const Descriptor* udp : {&each.udp, &each.replies})
      if (*udp) set(udp->get(), SOL_SOCKET, SO_REUSEADDR, 0);
}

Result<std::vector<ListenSockets>> bind_for(const SocketAddress& address, ClientTransport streams,
                                            std::size_t workers) {
  MissingAddress absence = MissingAddress::refused;
  auto free = try_to_have_alone(address, streams, absence);
  if (!free && free.error().fault == Fault::unsupported && !address.is_default) {
    absence = MissingAddress::awaited;
    free = try_to_have_alone(address, streams, absence);
  }
  if (!free) return fail(free.error());
  std::vector<ListenSockets> sockets(workers);
  for (ListenSockets& each : sockets) {
    each.address = address;
    each.streams = streams;
  }
  add_reply_sockets(sockets);
  const Sharing sharing = workers > 1 ? Sharing::among_workers : Sharing::with_reply_socket;
  for (ListenSockets& each : sockets)
    if (const auto bound = bind_all(each, sharing, absence); !bound) return fail(bound.error());
  seal(sockets);
  return sockets;
}

}  // namespace

void prepare_datagrams(int descriptor, const SocketAddress& address) {
  set(descriptor, SOL_SOCKET, SO_RCVBUF, 1 << 20);
  set(descriptor, SOL_SOCKET, SO_SNDBUF, 1 << 20);
  if (address.address.is_unspecified()) ask_for_destination(descriptor, address);
}

void prepare_streams(int descriptor) { set(descriptor, IPPROTO_TCP, TCP_NODELAY, 1); }

bool is_present(const SocketAddress& address) {
  const Result<KernelAddress> where = kernel_address({.address = address.address, .port = 0});
  if (!where) return false;
  const Descriptor socket(::socket(where->family(), SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (socket && ::bind(socket.get(), where->get(), where->size) == 0) return true;
  return errno != EADDRNOTAVAIL && errno != ENODEV &&
         errno != EAFNOSUPPORT;  // another error, e.g. no free descriptor, proves nothing
}

std::string to_string(const ListenSockets& sockets) {
  const std::string where = to_string(sockets.address);
  if (sockets.streams == ClientTransport::tls) return "tls://" + where;
  return sockets.streams == ClientTransport::https ? "https://" + where + "/dns-query" : where;
}

Result<std::vector<ListenSockets>> bind_sockets(const SocketAddress& address, std::size_t workers) {
  return bind_for(address, ClientTransport::tcp, workers);
}

Result<std::vector<ListenSockets>> bind_encrypted(const SocketAddress& address, ClientTransport transport,
                                                  std::size_t workers) {
  return bind_for(address, transport, workers);
}

Result<Descriptor> bind_tcp(const SocketAddress& address) {
  return bind_one(address, SOCK_STREAM, Sharing::exclusive, MissingAddress::refused);
}

}  // namespace tacet
