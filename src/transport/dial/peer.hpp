#pragma once
#include <cstdint>

namespace tacet {

/// The state of the other end of a connected TCP socket.
enum class PeerState : std::uint8_t {
  there,   ///< neither of the following
  closed,  ///< it has sent its FIN, whether or not octets before it are unread
  reset,   ///< the connection is broken
};
PeerState peer_state(int descriptor);

}  // namespace tacet
