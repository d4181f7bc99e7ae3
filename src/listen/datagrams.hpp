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

/// The sender of a datagram, and our address that received it (if the socket reports that). It holds the interface only
/// for link-local addresses: other replies go by the routing table.
struct Peer {
  sockaddr_storage address{};
  socklen_t address_size = 0;
  std::array<std::uint8_t, 64> control{};  // IP_PKTINFO, for the reply
  std::size_t control_size = 0;
};

/// Receives and sends datagrams in bursts, with two system calls for up to 64 of them where the system can. It makes
/// its buffers once.
class Datagrams {
public:
  static constexpr std::size_t most = 64;

  Datagrams();
  ~Datagrams();

  /// Takes the waiting datagrams from the socket without blocking. Returns their number.
  std::size_t receive(int socket);
  /// The i-th datagram of the burst; empty if it was longer than any query (4096 octets).
  Bytes datagram(std::size_t i) const;
  Peer peer(std::size_t i) const;
  /// The sender's address in the kernel's form; valid as long as the burst.
  Bytes sender(std::size_t i) const;
  /// The same address.
  const sockaddr_storage& address(std::size_t i) const;

  /// The buffer for the reply to the i-th datagram: safe_udp_size octets. Call reply() afterwards.
  std::span<std::uint8_t> room(std::size_t i);
  void reply(std::size_t i, std::size_t size);
  /// Sends the replies of this burst. Returns how many the kernel refused; only those are lost.
  std::size_t send(int socket);

private:
  struct State;
  std::unique_ptr<State> state_;
};

/// A socket that only sends replies for another socket bound to the same `address`. Each sent datagram wakes the
/// watcher of its socket, which costs a few hundredths of a reply; nobody watches this socket. It has SO_REUSEADDR; the
/// other socket needs it too, and must be bound later. None where the system cannot do that.
Descriptor reply_socket(const KernelAddress& address);

/// One reply and its destination.
struct Datagram {
  Peer to;
  std::vector<std::uint8_t> octets;
};

/// Sends at most Datagrams::most datagrams, with one system call where the system can. Returns how many the kernel
/// refused; only those are lost.
std::size_t send_letters(int socket, std::span<Datagram> datagrams);

}  // namespace tacet
