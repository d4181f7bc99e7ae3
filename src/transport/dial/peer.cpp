#include "transport/dial/peer.hpp"

#include <poll.h>

namespace tacet {

namespace {
#ifdef POLLRDHUP
constexpr short finished = POLLRDHUP;
#else
constexpr short finished = POLLHUP;
#endif
}  // namespace

PeerState peer_state(int descriptor) {
  pollfd poll{.fd = descriptor, .events = finished, .revents = 0};
  if (::poll(&poll, 1, 0) <= 0) return PeerState::there;
  // We never send a FIN ourselves, so a hang-up in both directions is a reset.
  if ((poll.revents & (POLLERR | POLLNVAL)) != 0) return PeerState::reset;
  if (finished != POLLHUP && (poll.revents & POLLHUP) != 0) return PeerState::reset;
  return (poll.revents & finished) != 0 ? PeerState::closed : PeerState::there;
}

}  // namespace tacet
