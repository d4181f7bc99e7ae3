#include "listen/activation.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <net/if.h>
#include <netinet/in.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

#include "config/scalar.hpp"
#include "tacet/ip_address.hpp"

namespace tacet {
namespace {

constexpr int first_passed = 3;
/// Far more than a unit lists. A larger number is no count of descriptors.
constexpr std::uint64_t most_passed = 1024;

std::optional<std::uint64_t> variable(const char* name) {
  const char* text = std::getenv(name);
  return text == nullptr ? std::nullopt : parse_number(text);
}

/// An integer option of a socket, or nothing if this is no socket.
std::optional<int> option(int descriptor, int name) {
  int value = 0;
  socklen_t size = sizeof value;
  if (::getsockopt(descriptor, SOL_SOCKET, name, &value, &size) != 0) return {};
  return value;
}

/// "eth0" for a link-local address, which differs on each interface; else nothing.
std::string interface_of(const sockaddr_storage& bound) {
  if (bound.ss_family != AF_INET6) return {};
  const unsigned scope = reinterpret_cast<const sockaddr_in6&>(bound).sin6_scope_id;
  std::array<char, IF_NAMESIZE> name{};
  if (scope == 0) return {};
  return ::if_indextoname(scope, name.data()) != nullptr ? name.data() : std::to_string(scope);
}

std::optional<SocketAddress> bound_address(int descriptor) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (::getsockname(descriptor, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return {};
  const auto bound = IpAddress::from_kernel(reinterpret_cast<const sockaddr&>(storage));
  if (!bound) return {};
  const auto port = bound->is_v6() ? reinterpret_cast<const sockaddr_in6&>(storage).sin6_port
                                   : reinterpret_cast<const sockaddr_in&>(storage).sin_port;
  return SocketAddress{bound->on(interface_of(storage)), ntohs(port)};
}

ClientTransport streams_named(std::string_view name) {
  for (const auto transport : {ClientTransport::tls, ClientTransport::https})
    if (name == to_string(transport)) return transport;
  return ClientTransport::tcp;
}

std::unexpected<Error> unfit(std::size_t index, std::string_view why) {
  return fail(
      Fault::invalid_config,
      fmt::format("descriptor {} from the service manager {}. The socket unit must have one ListenDatagram= and "
                  "one ListenStream= for each address, and nothing else (with FileDescriptorName=tls or https: a "
                  "ListenStream= only)",
                  static_cast<std::size_t>(first_passed) + index, why));
}

/// The service manager may have opened a socket that blocks and that children inherit.
Result<void> make_ours(int descriptor) {
  const int flags = ::fcntl(descriptor, F_GETFL);
  if (flags < 0 || ::fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) != 0 ||
      ::fcntl(descriptor, F_SETFD, FD_CLOEXEC) != 0)
    return fail(Fault::system, fmt::format("a socket from the service manager: {}", std::strerror(errno)));
  return {};
}

/// The entry for `address`, made if there is none yet.
ListenSockets& entry_of(const SocketAddress& address, ClientTransport streams, std::vector<ListenSockets>& all) {
  const auto found = std::ranges::find(all, address, &ListenSockets::address);
  if (found != all.end()) return *found;
  return all.emplace_back(ListenSockets{.address = address, .streams = streams});
}

Result<void> place(PassedDescriptor passed, std::size_t index, std::vector<ListenSockets>& all) {
  auto& [socket, streams] = passed;
  const auto type = option(socket.get(), SO_TYPE);
  if (!type) return unfit(index, "is no socket");
  const auto address = bound_address(socket.get());
  if (!address) return unfit(index, "is no IP socket");
  if (*type != SOCK_DGRAM && *type != SOCK_STREAM) return unfit(index, "is neither UDP nor TCP");
  if (*type == SOCK_STREAM && option(socket.get(), SO_ACCEPTCONN) != 1)
    return unfit(index, "is a connection (Accept=yes?), not a listening socket");
  if (*type == SOCK_DGRAM && is_encrypted(streams))
    return unfit(index, fmt::format("is UDP, and its name is {}", to_string(streams)));
  auto& entry = entry_of(*address, streams, all);
  Descriptor& slot = *type == SOCK_DGRAM ? entry.udp : entry.tcp;
  if (slot) return unfit(index, fmt::format("is a second one for {}", to_string(*address)));
  if (auto ours = make_ours(socket.get()); !ours) return ours;
  if (*type == SOCK_DGRAM)
    prepare_datagrams(socket.get(), *address);
  else
    prepare_streams(socket.get());
  slot = std::move(socket);
  return {};
}

Result<Descriptor> duplicate(const Descriptor& original) {
  Descriptor copy(::fcntl(original.get(), F_DUPFD_CLOEXEC, 0));
  if (!copy) return fail(Fault::system, fmt::format("a socket for another worker: {}", std::strerror(errno)));
  return copy;
}

}  // namespace

bool takes_both_families(const Descriptor& socket) {
  int v6_only = 0;
  socklen_t size = sizeof v6_only;
  return ::getsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &v6_only, &size) == 0 && v6_only == 0;
}

std::vector<PassedDescriptor> take_passed_descriptors() {
  const auto process = variable("LISTEN_PID");
  const auto count = variable("LISTEN_FDS");
  const char* const given_names = std::getenv("LISTEN_FDNAMES");
  std::string names = given_names != nullptr ? given_names : "";
  for (const char* name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) ::unsetenv(name);
  std::vector<PassedDescriptor> passed;
  if (process != static_cast<std::uint64_t>(::getpid()) || !count || *count > most_passed) return passed;
  for (int i = 0; i < static_cast<int>(*count); ++i) {
    const std::size_t end = std::min(names.find(':'), names.size());
    passed.push_back({Descriptor(first_passed + i), streams_named(names.substr(0, end))});
    names.erase(0, end + 1);
  }
  return passed;
}

Result<std::vector<ListenSockets>> pair_passed_sockets(std::vector<PassedDescriptor> passed) {
  std::vector<ListenSockets> all;
  for (std::size_t i = 0; i < passed.size(); ++i) {
    if (const auto placed = place(std::move(passed[i]), i, all); !placed) return fail(placed.error());
  }
  for (const auto& entry : all) {
    if (entry.tcp && (entry.udp || is_encrypted(entry.streams))) continue;
    return fail(Fault::invalid_config,
                fmt::format("the service manager passed only {1} for {0}: the socket unit lacks {2}={0}",
                            to_string(entry.address), entry.udp ? "UDP" : "TCP",
                            entry.udp ? "ListenStream" : "ListenDatagram"));
  }
  return all;
}

Result<std::vector<ListenSockets>> share_sockets(const std::vector<ListenSockets>& sockets) {
  std::vector<ListenSockets> copies;
  for (const auto& original : sockets) {
    auto tcp = duplicate(original.tcp);
    if (!tcp) return fail(tcp.error());
    auto udp = is_encrypted(original.streams) ? Result<Descriptor>() : duplicate(original.udp);
    if (!udp) return fail(udp.error());
    copies.push_back({original.address, *std::move(udp), *std::move(tcp), {}, original.streams});
  }
  return copies;
}

}  // namespace tacet
