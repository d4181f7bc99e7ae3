#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <bit>
#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>

#include "transport/network/netwatch.hpp"
#include "transport/network/network_identity.hpp"
#include "transport/network/own_network_watch.hpp"

namespace tacet {
namespace {

constexpr unsigned v4_starts = 96;

unsigned ones_in(const void* octets, std::size_t size) {
  unsigned ones = 0;
  for (std::size_t at = 0; at < size; ++at)
    ones += static_cast<unsigned>(std::popcount(static_cast<const std::uint8_t*>(octets)[at]));
  return ones;
}

void add_v4(OwnNetwork& network, const sockaddr* address) {
  AddressOctets octets{};
  octets[10] = octets[11] = 0xff;
  std::memcpy(octets.data() + v4_starts / 8, &reinterpret_cast<const sockaddr_in*>(address)->sin_addr, 4);
  network.add(octets, 128, 0);
}

void add_v6(OwnNetwork& network, const ifaddrs& entry) {
  AddressOctets octets{};
  std::memcpy(octets.data(), &reinterpret_cast<const sockaddr_in6*>(entry.ifa_addr)->sin6_addr, octets.size());
  if (octets[0] == 0xfe && (octets[1] & 0xc0) == 0x80) octets[2] = octets[3] = 0;  // where some systems keep the index
  const auto* mask = reinterpret_cast<const sockaddr_in6*>(entry.ifa_netmask);
  const unsigned length = mask != nullptr ? ones_in(&mask->sin6_addr, octets.size()) : 128;
  network.add(octets, length, ::if_nametoindex(entry.ifa_name));
}

}  // namespace

Result<OwnNetwork> OwnNetwork::take() {
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return fail(Fault::system, "getifaddrs: " + std::generic_category().message(errno));
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> all(list, &::freeifaddrs);
  OwnNetwork network;
  for (const ifaddrs* entry = all.get(); entry != nullptr; entry = entry->ifa_next) {
    if (entry->ifa_addr == nullptr) continue;
    if (entry->ifa_addr->sa_family == AF_INET) add_v4(network, entry->ifa_addr);
    if (entry->ifa_addr->sa_family == AF_INET6) add_v6(network, *entry);
  }
  return network;
}

OwnNetworkWatch::OwnNetworkWatch(Loop& loop, OnChange on_change)
    : on_change_(std::move(on_change)),
      events_(loop.scheduler(), {}, {}) {
  if (auto now = OwnNetwork::take()) on_change_(*std::move(now));
}

NetWatch::NetWatch(Loop& loop, std::function<void()> on_change)
    : on_change_(std::move(on_change)),
      events_(loop.scheduler(), {}, {}) {}

void NetWatch::follow(std::set<std::string> interfaces) { followed_ = std::move(interfaces); }

Result<std::string> NetworkIdentity::take() { return std::string(); }
bool NetworkIdentity::add(Bytes) { return true; }
std::string NetworkIdentity::text() const { return {}; }

}  // namespace tacet
