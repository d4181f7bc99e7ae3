#include "base/ip_address.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>

namespace tacet {

std::optional<IpAddress> IpAddress::from_text(std::string_view text) {
  // inet_pton stops at a NUL, so it would accept anything behind one.
  std::array<char, INET6_ADDRSTRLEN> terminated{};
  if (text.size() >= terminated.size() || text.find('\0') != std::string_view::npos) return std::nullopt;
  std::ranges::copy(text, terminated.begin());
  const bool v6 = text.find(':') != std::string_view::npos;
  IpAddress address;
  if (::inet_pton(v6 ? AF_INET6 : AF_INET, terminated.data(), address.octets_.data()) != 1) return std::nullopt;
  address.size_ = v6 ? 16 : 4;
  return address;
}

std::optional<IpAddress> IpAddress::from_octets(Bytes octets) {
  if (octets.size() != 4 && octets.size() != 16) return std::nullopt;
  IpAddress address;
  std::ranges::copy(octets, address.octets_.begin());
  address.size_ = octets.size();
  return address;
}

std::optional<IpAddress> IpAddress::from_kernel(const sockaddr& address) {
  IpAddress made;
  if (address.sa_family == AF_INET) {
    std::memcpy(made.octets_.data(), &reinterpret_cast<const sockaddr_in&>(address).sin_addr, made.size_ = 4);
  } else if (address.sa_family == AF_INET6) {
    std::memcpy(made.octets_.data(), &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr, made.size_ = 16);
  } else {
    return std::nullopt;
  }
  return made;
}

std::string IpAddress::to_string() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(is_v6() ? AF_INET6 : AF_INET, octets_.data(), text.data(), text.size());
  return text.data();
}

}  // namespace tacet
