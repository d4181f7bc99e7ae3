// A bare UDP echo: what the kernel alone costs, to compare a name server's CPU time with.
//
//     udp_echo ADDRESS PORT [--burst [THREADS]]
//
// One recvfrom and one sendto per datagram; with --burst, recvmmsg and sendmmsg of up to 64, and by several threads if
// asked to, each with a socket of its own. Each datagram goes back with QR set, as a client wants of an answer. IPv4 or
// IPv6. Says "ready" on standard output, runs until it is killed.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string_view>
#include <thread>
#include <vector>

namespace {

constexpr std::size_t burst_size = 64;
constexpr std::size_t datagram_size = 2048;
constexpr int receive_buffer = 4 << 20;  // as a name server would, so that both lose the same: nothing
using Datagram = std::array<unsigned char, datagram_size>;

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

sockaddr* raw(sockaddr_storage& storage) { return static_cast<sockaddr*>(static_cast<void*>(&storage)); }

bool parse(const char* text, std::uint16_t port, Address& address) {
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(port);
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  if (inet_pton(AF_INET, text, &v4.sin_addr) == 1) {
    std::memcpy(&address.storage, &v4, sizeof v4);
    address.size = sizeof v4;
  } else if (inet_pton(AF_INET6, text, &v6.sin6_addr) == 1) {
    std::memcpy(&address.storage, &v6, sizeof v6);
    address.size = sizeof v6;
  }
  return address.size != 0;
}

void mark_as_answer(Datagram& datagram, std::size_t size) {
  if (size > 2) datagram[2] |= 0x80U;
}

int echo_one_by_one(int socket) {
  Datagram datagram;
  while (true) {
    Address from{.storage = {}, .size = sizeof(sockaddr_storage)};
    const ssize_t size = recvfrom(socket, datagram.data(), datagram.size(), 0, raw(from.storage), &from.size);
    if (size < 0) return 1;
    mark_as_answer(datagram, static_cast<std::size_t>(size));
    (void)sendto(socket, datagram.data(), static_cast<std::size_t>(size), 0, raw(from.storage), from.size);
  }
}

int echo_in_bursts(int socket) {
  thread_local std::array<Datagram, burst_size> datagrams;
  std::array<sockaddr_storage, burst_size> peers;
  std::array<iovec, burst_size> pieces;
  std::array<mmsghdr, burst_size> messages{};
  while (true) {
    for (std::size_t i = 0; i < burst_size; ++i) {
      pieces[i] = {datagrams[i].data(), datagram_size};
      messages[i].msg_hdr = {};
      messages[i].msg_hdr.msg_name = &peers[i];
      messages[i].msg_hdr.msg_namelen = sizeof peers[i];
      messages[i].msg_hdr.msg_iov = &pieces[i];
      messages[i].msg_hdr.msg_iovlen = 1;
    }
    const int received = recvmmsg(socket, messages.data(), burst_size, MSG_WAITFORONE, nullptr);
    if (received < 0) return 1;
    const auto count = static_cast<std::size_t>(received);
    for (std::size_t i = 0; i < count; ++i) {
      pieces[i].iov_len = messages[i].msg_len;
      mark_as_answer(datagrams[i], messages[i].msg_len);
    }
    for (std::size_t sent = 0; sent < count;) {
      const int gone = sendmmsg(socket, &messages[sent], static_cast<unsigned>(count - sent), 0);
      sent += gone > 0 ? static_cast<std::size_t>(gone) : 1;
    }
  }
}

/// Bound; -1, and the reason is said, if that cannot be.
int open_socket(Address& address) {
  const int on = 1;
  const int socket = ::socket(address.storage.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  setsockopt(socket, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  if (socket >= 0 && bind(socket, raw(address.storage), address.size) == 0) return socket;
  std::perror("udp_echo");
  return -1;
}

template <class Number>
bool read_number(const char* text, Number& number) {
  return std::from_chars(text, text + std::strlen(text), number).ec == std::errc{};
}

}  // namespace

int main(int argc, char** argv) {
  Address address;
  std::uint16_t port = 0;
  std::size_t threads = 1;
  if (argc < 3 || !read_number(argv[2], port) || !parse(argv[1], port, address) ||
      (argc > 4 && !read_number(argv[4], threads))) {
    std::fputs("usage: udp_echo ADDRESS PORT [--burst [THREADS]]\n", stderr);
    return 2;
  }
  const auto echo = argc > 3 && std::string_view(argv[3]) == "--burst" ? echo_in_bursts : echo_one_by_one;
  std::vector<int> sockets;
  for (std::size_t i = 0; i < threads; ++i) sockets.push_back(open_socket(address));
  if (std::ranges::find(sockets, -1) != sockets.end()) return 1;
  std::puts("ready");
  std::fflush(stdout);
  std::vector<std::jthread> others;
  for (std::size_t i = 1; i < threads; ++i) others.emplace_back(echo, sockets[i]);
  return echo(sockets[0]);
}
