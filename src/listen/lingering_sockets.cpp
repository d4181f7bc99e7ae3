#include "listen/lingering_sockets.hpp"

#include <sys/ioctl.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

#include "base/shield.hpp"
#include "transport/dial/socket.hpp"

namespace tacet {
namespace {

/// Reads at most so many times in a turn, so that a client that sends without end leaves others their turn; and before
/// it closes the socket.
constexpr int most_reads = 4, most_last_reads = 64;

/// Drops what is here. True if more may come: the client has not ended its stream, nor broken it.
bool drop_octets(int socket, int reads = most_reads) {
  std::array<std::uint8_t, 16384> buffer;
  for (; reads > 0; --reads) {
    const ssize_t size = ::recv(socket, buffer.data(), buffer.size(), 0);
    if (size <= 0) return size < 0 && would_wait(errno);
  }
  return true;
}

}  // namespace

struct LingeringSockets::Socket {
  Socket(LingeringSockets& owner, Descriptor taken)
      : all(owner.sockets_),
        socket(std::move(taken)),
        watch(owner.loop_, socket.get(),
              [this](Watch::Ready) {
                if (!drop_octets(socket.get())) all.erase(place);
              }),
        patience(owner.loop_.scheduler(), [this] { all.erase(place); }) {}

  std::list<Socket>& all;
  std::list<Socket>::iterator place;
  Descriptor socket;
  Watch watch;  // behind its descriptor, so destroyed before that closes
  Alarm patience;
};

LingeringSockets::LingeringSockets(Loop& loop) : loop_(loop) {}

LingeringSockets::~LingeringSockets() {
  for (const Socket& each : sockets_) drop_octets(each.socket.get(), most_last_reads);
}

void LingeringSockets::add(Descriptor socket) noexcept {
  if (::shutdown(socket.get(), SHUT_WR) != 0 || !drop_octets(socket.get())) return;
  shielded(0, [&] {
    if (sockets_.size() >= most) sockets_.pop_front();
    const auto place = sockets_.emplace(sockets_.end(), *this, std::move(socket));
    place->place = place;
    place->watch.want_read(true);
    place->patience.arm(loop_.now() + patience);
    return 0;
  });
}

void LingeringSockets::clear() { sockets_.clear(); }

bool LingeringSockets::may_lose_octets(int socket) {
  int unread = 0, unsent = 0;
  ::ioctl(socket, FIONREAD, &unread);
  ::ioctl(socket, TIOCOUTQ, &unsent);
  return unread > 0 || unsent > 0;
}

void LingeringSockets::end(int socket) {
  if (::shutdown(socket, SHUT_WR) == 0) drop_octets(socket, most_last_reads);
}

}  // namespace tacet
