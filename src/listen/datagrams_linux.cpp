#ifdef __linux__
#include <netinet/in.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include "dns/edns.hpp"
#include "listen/datagrams.hpp"

namespace tacet {
namespace {

constexpr std::size_t largest_query = 4096;
/// The distance between two buffers. The extra cache line keeps them from starting in the same few lines of the
/// processor's cache.
constexpr std::size_t stride = largest_query + 64;

/// Returns how many were lost.
std::size_t send_all(int socket, std::span<mmsghdr> messages) {
  std::size_t lost = 0;
  while (!messages.empty()) {
    const int sent = ::sendmmsg(socket, messages.data(), static_cast<unsigned>(messages.size()), MSG_DONTWAIT);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) ++lost;  // the first of them cannot be sent; the rest may
    messages = messages.subspan(sent > 0 ? static_cast<std::size_t>(sent) : 1);
  }
  return lost;
}

/// True if `info` or the sender is an address of one link: then only that link leads there.
bool is_of_one_link(const in6_pktinfo& info, const sockaddr_in6& sender) {
  return IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr) || IN6_IS_ADDR_LINKLOCAL(&sender.sin6_addr);
}

/// Keeps only our address of the kernel's report. With the interface in it, the reply would leave by that interface,
/// past the routing table, and would be lost if the route back is another one.
void forget_interface(msghdr& header) {
  for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
    if (part->cmsg_level == IPPROTO_IP && part->cmsg_type == IP_PKTINFO) {
      in_pktinfo info;
      std::memcpy(&info, CMSG_DATA(part), sizeof info);
      info.ipi_ifindex = 0;
      std::memcpy(CMSG_DATA(part), &info, sizeof info);
    } else if (part->cmsg_level == IPPROTO_IPV6 && part->cmsg_type == IPV6_PKTINFO) {
      in6_pktinfo info;
      std::memcpy(&info, CMSG_DATA(part), sizeof info);
      if (is_of_one_link(info, *static_cast<const sockaddr_in6*>(header.msg_name))) continue;
      info.ipi6_ifindex = 0;
      std::memcpy(CMSG_DATA(part), &info, sizeof info);
    }
  }
}

/// Room for the kernel's report on one datagram.
struct alignas(cmsghdr) PacketInfo {
  std::array<std::uint8_t, 64> octets{};
};

}  // namespace

struct Datagrams::State {
  std::array<mmsghdr, most> in{}, out{};
  std::array<iovec, most> in_parts{}, out_parts{};
  std::array<sockaddr_storage, most> peers{};
  std::array<PacketInfo, most> controls{};
  std::vector<std::uint8_t> queries = std::vector<std::uint8_t>(most * stride);
  std::vector<std::uint8_t> replies = std::vector<std::uint8_t>(most * safe_udp_size);
  std::size_t received = most;  // of the last burst: the kernel changed its headers; at first all must be made
  std::size_t replied = 0;
};

Datagrams::Datagrams() : state_(std::make_unique<State>()) {
  State& s = *state_;
  for (std::size_t i = 0; i < most; ++i) {
    s.in_parts[i] = {s.queries.data() + i * stride, largest_query};
    s.in[i].msg_hdr.msg_iov = &s.in_parts[i];
    s.in[i].msg_hdr.msg_iovlen = 1;
    s.in[i].msg_hdr.msg_name = &s.peers[i];
    s.in[i].msg_hdr.msg_control = s.controls[i].octets.data();
  }
}

Datagrams::~Datagrams() = default;

std::size_t Datagrams::receive(int socket) {
  State& s = *state_;
  s.replied = 0;
  for (mmsghdr& message : std::span(s.in).first(s.received)) {
    message.msg_hdr.msg_namelen = sizeof(sockaddr_storage);
    message.msg_hdr.msg_controllen = s.controls[0].octets.size();
  }
  const int count = ::recvmmsg(socket, s.in.data(), most, MSG_DONTWAIT, nullptr);
  s.received = count > 0 ? static_cast<std::size_t>(count) : 0;
  for (mmsghdr& message : std::span(s.in).first(s.received))
    if (message.msg_hdr.msg_controllen > 0) forget_interface(message.msg_hdr);
  return s.received;
}

Bytes Datagrams::datagram(std::size_t i) const {
  const mmsghdr& message = state_->in[i];
  if ((message.msg_hdr.msg_flags & MSG_TRUNC) != 0) return {};
  return {static_cast<const std::uint8_t*>(state_->in_parts[i].iov_base), message.msg_len};
}

Peer Datagrams::peer(std::size_t i) const {
  const msghdr& header = state_->in[i].msg_hdr;
  Peer peer;
  peer.address = state_->peers[i];
  peer.address_size = header.msg_namelen;
  peer.control_size = header.msg_controllen;
  std::memcpy(peer.control.data(), header.msg_control, peer.control_size);
  return peer;
}

Bytes Datagrams::sender(std::size_t i) const {
  return {reinterpret_cast<const std::uint8_t*>(&state_->peers[i]), state_->in[i].msg_hdr.msg_namelen};
}

const sockaddr_storage& Datagrams::address(std::size_t i) const { return state_->peers[i]; }

std::span<std::uint8_t> Datagrams::room(std::size_t i) {
  return {state_->replies.data() + i * safe_udp_size, safe_udp_size};
}

void Datagrams::reply(std::size_t i, std::size_t size) {
  State& s = *state_;
  const msghdr& asked = s.in[i].msg_hdr;
  s.out_parts[s.replied] = {room(i).data(), size};
  msghdr& header = s.out[s.replied].msg_hdr;
  header = {};
  header.msg_name = asked.msg_name;
  header.msg_namelen = asked.msg_namelen;
  header.msg_iov = &s.out_parts[s.replied];
  header.msg_iovlen = 1;
  if (asked.msg_controllen > 0) {
    header.msg_control = asked.msg_control;
    header.msg_controllen = asked.msg_controllen;
  }
  ++s.replied;
}

std::size_t Datagrams::send(int socket) { return send_all(socket, std::span(state_->out).first(state_->replied)); }

std::size_t send_letters(int socket, std::span<Datagram> datagrams) {
  std::array<mmsghdr, Datagrams::most> messages;
  std::array<iovec, Datagrams::most> parts;
  for (std::size_t i = 0; i < datagrams.size(); ++i) {
    Datagram& datagram = datagrams[i];
    parts[i] = {datagram.octets.data(), datagram.octets.size()};
    msghdr& header = messages[i].msg_hdr;
    header = {};
    header.msg_name = &datagram.to.address;
    header.msg_namelen = datagram.to.address_size;
    header.msg_iov = &parts[i];
    header.msg_iovlen = 1;
    if (datagram.to.control_size > 0) {
      header.msg_control = datagram.to.control.data();
      header.msg_controllen = datagram.to.control_size;
    }
  }
  return send_all(socket, std::span(messages).first(datagrams.size()));
}

Descriptor reply_socket(const KernelAddress& address) {
  Descriptor socket(::socket(address.family(), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int on = 1, room = 1 << 20;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
  // A socket that is connected to itself receives only its own datagrams, and it sends none to itself. The header of
  // each reply has its destination.
  if (::bind(socket.get(), address.get(), address.size) != 0) return {};
  if (::connect(socket.get(), address.get(), address.size) != 0) return {};
  return socket;
}

}  // namespace tacet
#endif
