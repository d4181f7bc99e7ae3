#ifndef __linux__
#include <array>
#include <vector>

#include "dns/edns.hpp"
#include "listen/datagrams.hpp"

namespace tacet {
namespace {

constexpr std::size_t largest_query = 4096;

bool send_one(int socket, const Peer& peer, Bytes reply) {
  return ::sendto(socket, reply.data(), reply.size(), MSG_DONTWAIT, reinterpret_cast<const sockaddr*>(&peer.address),
                  peer.address_size) >= 0;
}

}  // namespace

/// One datagram at a time, for systems without recvmmsg. On a wildcard address the system chooses the address of the
/// reply.
struct Datagrams::State {
  std::array<Peer, most> peers{};
  std::array<std::size_t, most> sizes{};
  std::array<std::size_t, most> reply_sizes{};
  std::vector<std::uint8_t> queries = std::vector<std::uint8_t>(most * largest_query);
  std::vector<std::uint8_t> replies = std::vector<std::uint8_t>(most * safe_udp_size);
  std::size_t received = 0;
};

Datagrams::Datagrams() : state_(std::make_unique<State>()) {}
Datagrams::~Datagrams() = default;

std::size_t Datagrams::receive(int socket) {
  State& s = *state_;
  s.reply_sizes.fill(0);
  for (s.received = 0; s.received < most; ++s.received) {
    Peer& peer = s.peers[s.received];
    peer.address_size = sizeof peer.address;
    const ssize_t size = ::recvfrom(socket, s.queries.data() + s.received * largest_query, largest_query, MSG_DONTWAIT,
                                    reinterpret_cast<sockaddr*>(&peer.address), &peer.address_size);
    if (size < 0) break;
    s.sizes[s.received] = static_cast<std::size_t>(size);
  }
  return s.received;
}

Bytes Datagrams::datagram(std::size_t i) const {
  return {state_->queries.data() + i * largest_query, state_->sizes[i]};
}
Peer Datagrams::peer(std::size_t i) const { return state_->peers[i]; }
const sockaddr_storage& Datagrams::address(std::size_t i) const { return state_->peers[i].address; }

Bytes Datagrams::sender(std::size_t i) const {
  const Peer& peer = state_->peers[i];
  return {reinterpret_cast<const std::uint8_t*>(&peer.address), peer.address_size};
}

std::span<std::uint8_t> Datagrams::room(std::size_t i) {
  return {state_->replies.data() + i * safe_udp_size, safe_udp_size};
}

void Datagrams::reply(std::size_t i, std::size_t size) { state_->reply_sizes[i] = size; }

std::size_t Datagrams::send(int socket) {
  std::size_t lost = 0;
  for (std::size_t i = 0; i < state_->received; ++i) {
    if (state_->reply_sizes[i] == 0) continue;
    if (!send_one(socket, state_->peers[i], room(i).first(state_->reply_sizes[i]))) ++lost;
  }
  return lost;
}

std::size_t send_letters(int socket, std::span<Datagram> datagrams) {
  std::size_t lost = 0;
  for (const Datagram& datagram : datagrams) lost += send_one(socket, datagram.to, datagram.octets) ? 0 : 1;
  return lost;
}

Descriptor reply_socket(const KernelAddress&) { return {}; }

}  // namespace tacet
#endif
