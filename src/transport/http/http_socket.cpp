#include "transport/http/http_socket.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/shield.hpp"
#include "transport/dial/socket.hpp"

namespace tacet {

HttpSocket::HttpSocket(Loop& loop, ConnectedSocket socket, std::function<void(Watch::Ready)> on_ready)
    : socket_(std::move(socket)),
      buffer_(socket_.get()),
      watch_(loop, socket_.get(), std::move(on_ready)) {
  watch_.want_read(true);  // the server may close before the first request
}

curl_socket_t HttpSocket::open() {
  if (duplicate_ != CURL_SOCKET_BAD) {
    is_lost_ = true;
    return CURL_SOCKET_BAD;
  }
  duplicate_ = ::fcntl(socket_.get(), F_DUPFD_CLOEXEC, 0);
  if (duplicate_ < 0) {
    shortage_ = socket_error(errno);
    duplicate_ = CURL_SOCKET_BAD;
  }
  return duplicate_;
}

int HttpSocket::close(curl_socket_t duplicate) {
  is_lost_ = true;
  shielded(false, [this] { return buffer_.flush().has_value(); });  // the goodbye
  return ::close(duplicate);
}

void HttpSocket::follow(int wish) {
  wish_ = wish;
  watch_.want_read(is_idle() || (wish & CURL_POLL_IN) != 0);
  watch_.want_write(curl_writes() || buffer_.waits());
}

Result<void> HttpSocket::flush() {
  if (!buffer_.waits()) return {};
  Result<void> sent = buffer_.flush();
  watch_.want_write(curl_writes() || buffer_.waits());
  return sent;
}

bool HttpSocket::peer_has_left() {
  if (peer() != PeerState::there) return true;
  buffer_.begin_turn();
  return buffer_.look_for_goodbye();
}

Duration HttpSocket::unacknowledged() const { return unacknowledged_for(socket_.get()); }

}  // namespace tacet
