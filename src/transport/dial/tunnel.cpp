#include "transport/dial/tunnel.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>
#ifdef __APPLE__
#include <sys/random.h>
#endif

#include <array>
#include <cerrno>
#include <system_error>

#include "transport/dial/socket.hpp"

namespace tacet {

Tunnel::Tunnel(const TunnelRequest& request)
    : handshake_(tunnel_handshake(request)),
      pending_(handshake_->take_output()) {}

Result<void> Tunnel::go_on(int descriptor) {
  for (;;) {
    if (Result<void> sent = send(descriptor); !sent) return sent;
    const Result<bool> more = read(descriptor);
    if (!more) return fail(more.error());
    if (!*more || is_done()) return {};
  }
}

Result<void> Tunnel::send(int descriptor) {
  if (pending_.empty()) return {};
  const ssize_t sent = ::send(descriptor, pending_.data(), pending_.size(), send_flags);
  if (sent < 0) return would_wait(errno) ? Result<void>{} : fail(socket_error(errno));
  pending_.erase(pending_.begin(), pending_.begin() + sent);
  return {};
}

/// Takes what belongs to the handshake, and leaves the rest for the connection. True if there may be more.
Result<bool> Tunnel::read(int descriptor) {
  std::array<std::uint8_t, 1024> octets;
  const ssize_t there = ::recv(descriptor, octets.data(), octets.size(), MSG_PEEK);
  if (there < 0) return would_wait(errno) ? Result<bool>(false) : fail(socket_error(errno));
  if (there == 0) return fail(Fault::unreachable, "it closes the connection without a reply");
  const Result<std::size_t> taken = handshake_->take(Bytes(octets).first(static_cast<std::size_t>(there)));
  if (!taken) return fail(taken.error());
  if (::recv(descriptor, octets.data(), *taken, 0) < 0) return fail(socket_error(errno));
  const auto output = handshake_->take_output();
  pending_.insert(pending_.end(), output.begin(), output.end());
  return true;
}

std::string isolation_name() {
  std::array<std::uint64_t, 2> drawn{};
  if (::getentropy(drawn.data(), sizeof drawn) != 0)
    throw std::system_error(errno, std::generic_category(), "the kernel gives no random numbers");
  return fmt::format("tacet-{:016x}{:016x}", drawn[0], drawn[1]);
}

}  // namespace tacet
