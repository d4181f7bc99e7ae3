#include "tacet/ip_address.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cstring>

namespace tacet {

std::optional<IpAddress> IpAddress::from_text(std::string_view text) {
  IpAddress address;
  return address.read(text) ? std::optional(address) : std::nullopt;
}

std::optional<IpAddress> IpAddress::from_octets(Bytes octets) {
  if (octets.size() != 4 && octets.size() != 16) return std::nullopt;
  IpAddress address;
  std::ranges::copy(octets, address.octets_.begin());
  address.size_ = static_cast<std::uint8_t>(octets.size());
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

bool IpAddress::is_loopback() const { return is_v6() ? *this == IpAddress("::1") : octets_[0] == 127; }

std::string IpAddress::to_string() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(is_v6() ? AF_INET6 : AF_INET, octets_.data(), text.data(), text.size());
  std::string whole = text.data();
  if (interface_.front() != '\0') whole.append("%").append(interface());
  return whole;
}

}  // namespace tacet
