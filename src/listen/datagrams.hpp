#pragma once
#include <sys/socket.h>

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "base/descriptor.hpp"
#include "tacet/message.hpp"
#include "transport/dial/socket.hpp"

namespace tacet {

/// Who sent a datagram, and which of our addresses it was sent to (where the socket was told to say). Which interface
/// it came in by stands in it only where link-local addresses need one: a reply goes by the routing table.
struct Peer {
  sockaddr_storage address{};
  socklen_t address_size = 0;
  std::array<std::uint8_t, 64> control{};  // IP_PKTINFO, for the reply
  std::size_t control_size = 0;
};

/// Receives and sends datagrams by the burst, with two system calls for up to 64 of them where the system can. Its
/// buffers are made once.
class Datagrams {
public:
  static constexpr std::size_t most = 64;

  Datagrams();
  ~Datagrams();

  /// Takes what waits on the socket, without waiting; returns how many datagrams that were.
  std::size_t receive(int socket);
  /// The i-th datagram of the burst; empty if it was longer than any query (4096 octets).
  Bytes datagram(std::size_t i) const;
  Peer peer(std::size_t i) const;
  /// The address of its sender as the kernel told it; valid as long as the burst.
  Bytes sender(std::size_t i) const;
  /// The same address.
  const sockaddr_storage& address(std::size_t i) const;

  /// Where the reply to the i-th datagram is written: room for safe_udp_size octets. Call reply() afterwards.
  std::span<std::uint8_t> room(std::size_t i);
  void reply(std::size_t i, std::size_t size);
  /// Sends the replies of this burst. What the kernel does not take is lost, and only that; returns how many.
  std::size_t send(int socket);

private:
  struct State;
  std::unique_ptr<State> state_;
};

/// A socket to send from what another socket receives that is bound to `address` too: it receives nothing itself. Each
/// datagram that is gone wakes whoever watches the socket it went by, a few hundredths of what a reply costs; nobody
/// watches this one. SO_REUSEADDR is set, and has to be on the other, which is to be bound after it. None where the
/// system cannot do that.
Descriptor reply_socket(const KernelAddress& address);

/// A reply on its own, and whom it goes to.
struct Datagram {
  Peer to;
  std::vector<std::uint8_t> octets;
};

/// Sends at most Datagrams::most datagrams, with one system call where the system can. What the kernel does not take is
/// lost, and only that; returns how many.
std::size_t send_letters(int socket, std::span<Datagram> datagrams);

}  // namespace tacet
