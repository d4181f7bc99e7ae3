#include "listen/proxy_header.hpp"

#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "dns/wire.hpp"

namespace tacet {
namespace {

constexpr std::array<std::uint8_t, 12> signature{0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d,
                                                 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a};
constexpr std::uint8_t local = 0x20, proxied = 0x21;  // version 2 with each of its commands
constexpr unsigned v4_family = 1, v6_family = 2;      // the upper half of the octet; the lower half is TCP or UDP
constexpr std::size_t v4_size = 12, v6_size = 36;     // both addresses and both ports

std::unexpected<Error> no_header(std::string detail) { return fail(Fault::malformed, std::move(detail)); }

KernelAddress v4_client(Bytes addresses) {
  KernelAddress client;
  auto& v4 = reinterpret_cast<sockaddr_in&>(client.storage);
  client.size = sizeof v4;
  v4.sin_family = AF_INET;
  std::memcpy(&v4.sin_addr, addresses.data(), sizeof v4.sin_addr);
  std::memcpy(&v4.sin_port, addresses.data() + 8, sizeof v4.sin_port);
  return client;
}

KernelAddress v6_client(Bytes addresses) {
  KernelAddress client;
  auto& v6 = reinterpret_cast<sockaddr_in6&>(client.storage);
  client.size = sizeof v6;
  v6.sin6_family = AF_INET6;
  std::memcpy(&v6.sin6_addr, addresses.data(), sizeof v6.sin6_addr);
  std::memcpy(&v6.sin6_port, addresses.data() + 32, sizeof v6.sin6_port);
  return client;
}

}  // namespace

bool begins_proxy_header(Bytes octets) {
  return octets.size() >= signature.size() && std::equal(signature.begin(), signature.end(), octets.begin());
}

Result<std::size_t> proxy_header_size(Bytes octets) {
  if (!begins_proxy_header(octets)) return no_header("no header of the PROXY protocol, version 2");
  if (octets[12] != local && octets[12] != proxied)
    return no_header("an unknown version or command of the PROXY protocol");
  const std::size_t size = ProxyHeader::fixed_size + load16(octets, 14);
  if (size > ProxyHeader::most) return no_header("a header of the PROXY protocol that is too long");
  return size;
}

Result<ProxyHeader> parse_proxy_header(Bytes octets) {
  if (octets.size() < ProxyHeader::fixed_size) return no_header("less than a header of the PROXY protocol");
  const auto size = proxy_header_size(octets);
  if (!size) return fail(size.error());
  if (octets.size() < *size) return no_header("half of a header of the PROXY protocol");
  ProxyHeader header{.size = *size, .client = std::nullopt};
  if (octets[12] == local) return header;
  const Bytes addresses = octets.subspan(ProxyHeader::fixed_size, *size - ProxyHeader::fixed_size);
  const unsigned family = octets[13] >> 4;
  if ((family == v4_family && addresses.size() < v4_size) || (family == v6_family && addresses.size() < v6_size))
    return no_header("a header of the PROXY protocol without its addresses");
  if (family == v4_family) header.client = v4_client(addresses);
  if (family == v6_family) header.client = v6_client(addresses);
  return header;
}

}  // namespace tacet
