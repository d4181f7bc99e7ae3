#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <new>
#include <utility>

#include "transport/network/own_network_watch.hpp"
#include "transport/network/rtnetlink.hpp"

namespace tacet {
namespace {

constexpr auto burst = std::chrono::milliseconds(100);
/// In one burst it tells this number of changes at once, the rest at its end.
constexpr int most_at_once = 16;
constexpr std::uint32_t groups = RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV6_ROUTE;

bool tells_of_an_address(Bytes messages) {
  bool tells = false;
  for_each_rtnetlink_message(
      messages, [&tells](std::uint16_t type, Bytes) { tells |= type == RTM_NEWADDR || type == RTM_DELADDR; });
  return tells;
}

}  // namespace

OwnNetworkWatch::OwnNetworkWatch(Loop& loop, OnChange on_change)
    : socket_(subscribe_to_rtnetlink(groups)),  // first, so that no change falls between
      on_change_(std::move(on_change)),
      events_(loop.scheduler(), burst, [this] { look_again(); }) {
  if (socket_) {
    watch_.emplace(loop, socket_.get(), [this](Watch::Ready) { drain(); });
    watch_->want_read(true);
  }
  look();
}

/// Events only say when to look, so an overflow loses nothing.
void OwnNetworkWatch::drain() {
  std::array<std::uint8_t, 16384> buffer;
  bool at_once = false;
  for (;;) {
    const ssize_t size = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (size > 0)
      at_once |= tells_of_an_address(Bytes(buffer.data(), static_cast<std::size_t>(size)));
    else if (errno == ENOBUFS)
      at_once = true;
    else if (size == 0 || errno != EINTR)
      break;
  }
  events_.add();
  if (at_once && followed_ < most_at_once) {
    ++followed_;
    look();
  }
}

void OwnNetworkWatch::look_again() {
  followed_ = 0;
  look();
}

void OwnNetworkWatch::look() {
  try {
    auto now = OwnNetwork::take();
    if (!now || *now == known_) return;
    known_ = *now;
    on_change_(*std::move(now));
  } catch (const std::bad_alloc&) {
    known_ = OwnNetwork();
    events_.add();  // a change must not be missed
    throw;
  }
}

}  // namespace tacet
