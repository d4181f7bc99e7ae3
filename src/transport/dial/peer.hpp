#pragma once
#include <cstdint>

namespace tacet {

/// What the other end of a connected TCP socket has done to it.
enum class PeerState : std::uint8_t {
  there,   ///< neither of the following
  closed,  ///< it has sent its FIN, whether or not octets before it are unread
  reset,   ///< the connection is broken
};
PeerState peer_state(int descriptor);

}  // namespace tacet
