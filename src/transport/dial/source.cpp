#include "transport/dial/source.hpp"

#include <fmt/format.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "transport/dial/socket.hpp"

namespace tacet {
namespace {

std::unexpected<Error> cannot_leave_by(const std::string& interface) {
  const int code = errno;
  if (::if_nametoindex(interface.c_str()) == 0)
    return fail(Fault::no_network, fmt::format("there is no interface {} now", interface));
  Error error = socket_error(code);
  error.detail = fmt::format("no socket can be bound to the interface {}: {}", interface, error.detail);
  return fail(std::move(error));
}

Result<void> bind_to_interface(int descriptor, [[maybe_unused]] int family, const std::string& interface) {
#ifdef SO_BINDTODEVICE
  if (::setsockopt(descriptor, SOL_SOCKET, SO_BINDTODEVICE, interface.c_str(),
                   static_cast<socklen_t>(interface.size())) == 0)
    return {};
#elif defined(IP_BOUND_IF)
  const unsigned index = ::if_nametoindex(interface.c_str());
  const bool v6 = family == AF_INET6;
  if (index != 0 && ::setsockopt(descriptor, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_BOUND_IF : IP_BOUND_IF, &index,
                                 sizeof index) == 0)
    return {};
#else
  errno = ENOPROTOOPT;
#endif
  return cannot_leave_by(interface);
}

Result<void> bind_to_address(int descriptor, int family, const IpAddress& address) {
  const Result<KernelAddress> own = kernel_address({.address = address, .port = 0});
  if (!own) return fail(own.error());
  if (own->family() != family)
    return fail(Fault::no_network, fmt::format("{} is of another family", address.to_string()));
#ifdef IP_BIND_ADDRESS_NO_PORT
  const int on = 1;  // connect() chooses the port, so that two connections to different servers may share one
  ::setsockopt(descriptor, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
#endif
  if (::bind(descriptor, own->get(), own->size) == 0) return {};
  if (errno == EADDRNOTAVAIL)
    return fail(Fault::no_network, fmt::format("this machine has no address {} now", address.to_string()));
  return fail(socket_error(errno));
}

/// True if both are the same IP address, whatever their ports.
bool is_same_address(const sockaddr* one, const sockaddr* other) {
  if (one->sa_family != other->sa_family) return false;
  if (one->sa_family == AF_INET)
    return reinterpret_cast<const sockaddr_in*>(one)->sin_addr.s_addr ==
           reinterpret_cast<const sockaddr_in*>(other)->sin_addr.s_addr;
  const auto* a = reinterpret_cast<const sockaddr_in6*>(one);
  const auto* b = reinterpret_cast<const sockaddr_in6*>(other);
  return one->sa_family == AF_INET6 && std::memcmp(&a->sin6_addr, &b->sin6_addr, sizeof a->sin6_addr) == 0;
}

}  // namespace

Result<void> bind_source(int descriptor, int family, const ViaConfig& via) {
  if (!via.interface.empty()) return bind_to_interface(descriptor, family, via.interface);
  if (via.address) return bind_to_address(descriptor, family, *via.address);
  return {};
}

std::string interface_of(int descriptor) {
  KernelAddress local;
  local.size = sizeof local.storage;
  if (::getsockname(descriptor, reinterpret_cast<sockaddr*>(&local.storage), &local.size) != 0) return {};
  ifaddrs* all = nullptr;
  if (::getifaddrs(&all) != 0) return {};
  const std::unique_ptr<ifaddrs, decltype([](ifaddrs* list) { ::freeifaddrs(list); })> kept(all);
  for (const ifaddrs* each = all; each != nullptr; each = each->ifa_next)
    if (each->ifa_addr != nullptr && is_same_address(each->ifa_addr, local.get())) return each->ifa_name;
  return {};
}

}  // namespace tacet
