#include "control/control_stream.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace tacet {
namespace {

bool is_passing(int error) { return error == EINTR || error == EAGAIN || error == EWOULDBLOCK; }

}  // namespace

std::ptrdiff_t ControlStream::read(std::span<char> out) {
  while (begin_ == end_) {
    if (total_ >= request_limit || !await(POLLIN)) return -1;
    const auto got = ::recv(client_.get(), buffer_.data(), buffer_.size(), 0);
    if (got < 0 && is_passing(errno)) continue;
    if (got <= 0) return got;
    begin_ = 0;
    end_ = static_cast<std::size_t>(got);
    total_ += end_;
  }
  const std::size_t count = std::min(out.size(), end_ - begin_);
  std::copy_n(buffer_.begin() + static_cast<std::ptrdiff_t>(begin_), count, out.begin());
  begin_ += count;
  return static_cast<std::ptrdiff_t>(count);
}

std::ptrdiff_t ControlStream::write(std::span<const char> octets) {
  while (await(POLLOUT)) {
    const auto sent = ::send(client_.get(), octets.data(), octets.size(), MSG_NOSIGNAL);
    if (sent >= 0 || !is_passing(errno)) return sent;
  }
  return -1;
}

bool ControlStream::await(short events) const {
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline_ - clock_.now()).count();
    if (left <= 0) return false;
    std::array<pollfd, 2> watched{
        {{.fd = client_.get(), .events = events, .revents = 0}, {.fd = stop_, .events = POLLIN, .revents = 0}}};
    if (::poll(watched.data(), watched.size(), static_cast<int>(left)) < 0 && errno != EINTR) return false;
    if (watched[1].revents != 0) return false;
    if (watched[0].revents != 0) return true;
  }
}

}  // namespace tacet
