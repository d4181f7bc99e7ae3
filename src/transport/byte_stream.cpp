#include "transport/byte_stream.hpp"

#include <sys/socket.h>

#include <cerrno>

#include "transport/dial/socket.hpp"

namespace tacet {
namespace {

std::unexpected<StreamStop> stop_of(int error) {
  return std::unexpected(would_wait(error) ? StreamStop::blocked : StreamStop::broken);
}

}  // namespace

std::expected<std::size_t, StreamStop> SocketStream::read(std::span<std::uint8_t> out) {
  const ssize_t size = ::recv(socket_.get(), out.data(), out.size(), 0);
  if (size < 0) return stop_of(errno);
  if (size == 0) return std::unexpected(StreamStop::ended);
  return static_cast<std::size_t>(size);
}

std::expected<std::size_t, StreamStop> SocketStream::write(Bytes octets) {
  const ssize_t size = ::send(socket_.get(), octets.data(), octets.size(), send_flags);
  if (size < 0) return stop_of(errno);
  return static_cast<std::size_t>(size);
}

}  // namespace tacet
