#pragma once
#include <sys/types.h>

#include <vector>

#include "base/descriptor.hpp"
#include "tacet/config.hpp"

namespace tacet {

/// Copies of the sockets with which another process listens, so that a successor can bind their addresses beside it.
/// The process itself notices nothing. Its sockets live until it and this object have closed them.
class HeldSockets {
public:
  HeldSockets() = default;
  /// The sockets of `process` that are bound to exactly one of `addresses`, UDP or listening TCP. Empty if it has none,
  /// if we may not look (that needs CAP_SYS_PTRACE), or if the kernel cannot copy them (Linux 5.6 can).
  HeldSockets(pid_t process, const std::vector<SocketAddress>& addresses);

  /// True if each address has its UDP socket.
  bool complete() const;
  /// Lets root's sockets with SO_REUSEPORT bind the same addresses. False if a socket refuses.
  bool share() const;
  /// Ends the sharing. Sockets that are bound already stay.
  void seal() const;
  /// New queries and connections go to these sockets, while others share their addresses.
  void keep_queries() const { steer(Target::held); }
  /// New queries and connections go to the socket that was bound next after these. Once these are closed, they go to
  /// any that is left.
  void yield_queries() const { steer(Target::next); }

private:
  enum class Target : bool { held, next };
  struct Held {
    Descriptor socket;
    std::size_t address = 0;  ///< its index among the addresses
    int type = 0;             ///< SOCK_DGRAM or SOCK_STREAM
  };
  void steer(Target target) const;

  std::size_t addresses_ = 0;
  std::vector<Held> held_;
};

}  // namespace tacet
