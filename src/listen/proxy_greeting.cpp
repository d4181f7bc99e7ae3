#include "listen/proxy_greeting.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "listen/proxy_header.hpp"

namespace tacet {

ProxyGreeting::ProxyGreeting(Loop& loop, Descriptor socket, const KernelAddress& front_end, OnDone on_done)
    : socket_(std::move(socket)),
      front_end_(front_end),
      on_done_(std::move(on_done)),
      wanted_(ProxyHeader::fixed_size),
      watch_(std::in_place, loop, socket_.get(), [this](Watch::Ready) { on_readable(); }),
      patience_(loop.scheduler(), [this] { end({}, front_end_); }) {
  watch_->want_read(true);
  patience_.arm(loop.now() + limit);
}

void ProxyGreeting::on_readable() {
  const std::size_t before = octets_.size();
  octets_.resize(wanted_);
  const ssize_t size = ::recv(socket_.get(), octets_.data() + before, wanted_ - before, 0);
  octets_.resize(before + static_cast<std::size_t>(size > 0 ? size : 0));
  if (size < 0 && would_wait(errno)) return;
  if (size <= 0) return end({}, front_end_);
  if (octets_.size() < wanted_) return;
  const auto whole = proxy_header_size(octets_);
  if (!whole) return end({}, front_end_);
  wanted_ = *whole;
  if (octets_.size() < wanted_) return;
  const auto header = parse_proxy_header(octets_);
  if (!header) return end({}, front_end_);
  end(std::move(socket_), header->client.value_or(front_end_));
}

void ProxyGreeting::end(Descriptor socket, const KernelAddress& client) {
  patience_.disarm();
  const auto on_done = std::exchange(on_done_, {});
  const KernelAddress from = client;
  on_done(std::move(socket), from);
}

}  // namespace tacet
