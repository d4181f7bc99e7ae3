#include "transport/dial/ares_channel.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <string>

#include "base/shield.hpp"
#include "dns/wire.hpp"
#include "tacet/message.hpp"
#include "transport/dial/socket.hpp"

namespace tacet {
namespace {

enum class Interfaces : std::uint8_t { named, left_out };

/// As "192.0.2.1:53,[fe80::1]:53%eth0".
std::string csv_of(const std::vector<SocketAddress>& servers, Interfaces interfaces) {
  std::string csv;
  for (SocketAddress server : servers) {
    const std::string interface(server.address.interface());
    server.address = server.address.without_interface();
    csv += (csv.empty() ? "" : ",") + to_string(server);
    if (interfaces == Interfaces::named && !interface.empty()) csv += "%" + interface;
  }
  return csv;
}

/// c-ares 1.18 refuses interfaces; newer releases leave out a link-local server without one.
int give_servers(ares_channel channel, const std::vector<SocketAddress>& servers) {
  const int status = ares_set_servers_ports_csv(channel, csv_of(servers, Interfaces::named).c_str());
  if (status == ARES_SUCCESS) return status;
  return ares_set_servers_ports_csv(channel, csv_of(servers, Interfaces::left_out).c_str());
}

ares_socket_t open_socket(int family, int type, int protocol, void*) {
  const int descriptor = ::socket(family, type, protocol);
  if (descriptor < 0) return ARES_SOCKET_BAD;
  ::fcntl(descriptor, F_SETFD, FD_CLOEXEC);
  ::fcntl(descriptor, F_SETFL, O_NONBLOCK);
  return descriptor;
}

int close_socket(ares_socket_t descriptor, void*) { return ::close(descriptor); }

bool is_datagram_socket(int descriptor) {
  int type = 0;
  socklen_t size = sizeof type;
  return ::getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_DGRAM;
}

/// Ignores a datagram that is no answer to a query: c-ares would take an echo for the end of its question.
ares_ssize_t receive(ares_socket_t descriptor, void* data, std::size_t size, int flags, sockaddr* from,
                     ares_socklen_t* from_size, void*) {
  const ssize_t count = ::recvfrom(descriptor, data, size, flags, from, from_size);
  if (count < static_cast<ssize_t>(header_size) || !is_datagram_socket(descriptor)) return count;
  const std::uint16_t said = load16({static_cast<const std::uint8_t*>(data), static_cast<std::size_t>(count)}, 2);
  if ((said & flag::qr) != 0 && (said & flag::opcode_mask) == 0) return count;
  errno = EAGAIN;
  return -1;
}

ares_ssize_t send(ares_socket_t descriptor, const iovec* parts, int count, void*) {
  return ::writev(descriptor, parts, count);
}

}  // namespace

Fault fault_of_ares(int status) {
  switch (status) {
    case ARES_ETIMEOUT:
      return Fault::timeout;
    case ARES_ECONNREFUSED:
      return Fault::unreachable;
    case ARES_ENOMEM:
      return Fault::overloaded;
    case ARES_EBADNAME:
    case ARES_ENOTINITIALIZED:
      return Fault::system;
    case ARES_EBADRESP:
      return Fault::malformed;
    default:
      return Fault::protocol;
  }
}

AresChannel::AresChannel(Loop& loop)
    : loop_(loop),
      alarm_(loop.scheduler(), [this] { process(ARES_SOCKET_BAD, ARES_SOCKET_BAD); }) {}

AresChannel::~AresChannel() {
  if (channel_ != nullptr) ares_destroy(channel_);
}

/// Every one of these options must be given, or c-ares reads the system's files to complete them.
int AresChannel::open(const std::vector<SocketAddress>& servers, const Settings& settings) {
  ares_options options{};
  in_addr nowhere{htonl(INADDR_LOOPBACK)};
  std::array<char, 2> no_files{"b"};  // DNS only
  options.flags = settings.flags;
  options.timeout = settings.timeout_ms;
  options.tries = settings.tries;
  options.ndots = 1;
  options.ednspsz = settings.udp_size;
  options.servers = &nowhere;  // replaced below by a call that also takes ports and IPv6
  options.nservers = 1;
  options.lookups = no_files.data();
  options.sock_state_cb = &AresChannel::on_socket;
  options.sock_state_cb_data = this;
  int given = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_NDOTS | ARES_OPT_EDNSPSZ |
              ARES_OPT_SERVERS | ARES_OPT_DOMAINS | ARES_OPT_LOOKUPS | ARES_OPT_SORTLIST | ARES_OPT_SOCK_STATE_CB;
#ifdef ARES_OPT_QUERY_CACHE
  given |= ARES_OPT_QUERY_CACHE;  // with a maximum of 0: only our own cache keeps answers
#endif
  std::ranges::copy_if(servers, std::back_inserter(link_local_),
                       [](const SocketAddress& server) { return !server.address.interface().empty(); });
  static constexpr ares_socket_functions functions{open_socket, close_socket, &AresChannel::connect_socket, receive,
                                                   send};
  int status = ares_init_options(&channel_, &options, given);
  if (status == ARES_SUCCESS) status = give_servers(channel_, servers);
  // Last: with functions of ours, c-ares knows no interfaces.
  if (status == ARES_SUCCESS) ares_set_socket_functions(channel_, &functions, this);
  return status;
}

void AresChannel::process(ares_socket_t readable, ares_socket_t writable) {
  ares_process_fd(channel_, readable, writable);
  rearm();
}

void AresChannel::rearm() {
  timeval next{};
  alarm_.disarm();
  if (ares_timeout(channel_, nullptr, &next) == nullptr) return;
  alarm_.arm(loop_.now() + std::chrono::seconds(next.tv_sec) + std::chrono::microseconds(next.tv_usec));
}

void AresChannel::watch(ares_socket_t descriptor, bool readable, bool writable) {
  if (!readable && !writable) {
    watches_.erase(descriptor);
    return;
  }
  auto& watch = watches_[descriptor];
  if (!watch) {
    watch = std::make_unique<Watch>(loop_, descriptor, [this, descriptor](Watch::Ready ready) {
      const bool read = ready == Watch::Ready::read;
      process(read ? descriptor : ARES_SOCKET_BAD, read ? ARES_SOCKET_BAD : descriptor);
    });
  }
  watch->want_read(readable);
  watch->want_write(writable);
}

/// Adds the interface, which c-ares 1.18 does not know. Takes servers with one address on several links by turns.
int AresChannel::connect_socket(ares_socket_t descriptor, const sockaddr* address, ares_socklen_t size, void* self) {
  auto& servers = static_cast<AresChannel*>(self)->link_local_;
  if (address->sa_family != AF_INET6 || servers.empty()) return ::connect(descriptor, address, size);
  sockaddr_in6 to{};
  std::memcpy(&to, address, std::min<std::size_t>(size, sizeof to));
  return shielded(-1, [&] {
    for (auto server = servers.begin(); server != servers.end(); ++server) {
      const Result<KernelAddress> where = kernel_address(*server);
      if (!where) continue;
      const auto& known = reinterpret_cast<const sockaddr_in6&>(where->storage);
      if (known.sin6_port != to.sin6_port || std::memcmp(&known.sin6_addr, &to.sin6_addr, sizeof known.sin6_addr) != 0)
        continue;
      to.sin6_scope_id = known.sin6_scope_id;
      std::rotate(server, server + 1, servers.end());
      break;
    }
    return ::connect(descriptor, reinterpret_cast<const sockaddr*>(&to), sizeof to);
  });
}

void AresChannel::on_socket(void* self, ares_socket_t descriptor, int readable, int writable) {
  // A socket that cannot be watched counts as silent: c-ares asks again after its timeout.
  shielded(0, [&] { return static_cast<AresChannel*>(self)->watch(descriptor, readable != 0, writable != 0), 0; });
}

}  // namespace tacet
