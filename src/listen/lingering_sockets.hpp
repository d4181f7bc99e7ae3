#pragma once
#include <cstddef>
#include <list>

#include "base/descriptor.hpp"
#include "base/loop.hpp"

namespace tacet {

/// The sockets of connections that we have ended. A kernel that closes a socket with unread octets, or gets octets for
/// a closed one, resets the connection, and the client loses the answers that it has not read yet. So the client first
/// gets the end of our stream behind them, and what it sends is read and dropped until it ends its own, for two seconds
/// at most (RFC 9112 §9.6 describes the same for HTTP). Of too many, the oldest is closed.
class LingeringSockets {
public:
  static constexpr Duration patience = std::chrono::seconds(2);
  static constexpr std::size_t most = 32;

  /// `loop` must outlive it.
  explicit LingeringSockets(Loop& loop);
  ~LingeringSockets();
  LingeringSockets(const LingeringSockets&) = delete;
  LingeringSockets& operator=(const LingeringSockets&) = delete;

  /// Ends the stream, and keeps the socket while that is of use. Without memory it is closed.
  void add(Descriptor socket) noexcept;
  /// Closes all of them, for instance to free their descriptors.
  void clear();

  /// True if the client may lose something: it has sent octets that nobody has read, or has not acknowledged all of
  /// ours. To close the socket of a client at rest does no harm.
  static bool may_lose_octets(int socket);
  /// Ends the stream of a socket that is closed next, and drops what the client has sent so far.
  static void end(int socket);

private:
  struct Socket;
  Loop& loop_;
  std::list<Socket> sockets_;  // the oldest first
};

}  // namespace tacet
