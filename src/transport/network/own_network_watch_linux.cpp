#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <new>
#include <utility>

#include "transport/network/netwatch.hpp"
#include "transport/network/own_network_watch.hpp"
#include "transport/network/rtnetlink.hpp"

namespace tacet {
namespace {

constexpr auto burst = std::chrono::milliseconds(100);
/// Of one burst so many are followed at once, and the rest of a flood at its end.
constexpr int most_at_once = 16;
constexpr std::uint32_t groups = RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV6_ROUTE;

bool tells_of_an_address(Bytes messages) {
  bool tells = false;
  for_each_rtnetlink_message(
      messages, [&tells](std::uint16_t type, Bytes) { tells |= type == RTM_NEWADDR || type == RTM_DELADDR; });
  return tells;
}

}  // namespace

/// Events only say when to look, so an overflow loses nothing.
struct OwnNetworkWatch::State {
  State(Loop& loop, Descriptor subscribed, OnChange tell)
      : socket(std::move(subscribed)),
        on_change(std::move(tell)),
        events(loop.scheduler(), burst, [this] { look_again(); }),
        watch(loop, socket.get(), [this](Watch::Ready) { drain(); }) {
    watch.want_read(true);
  }

  void drain() {
    std::array<std::uint8_t, 16384> buffer;
    bool at_once = false;
    for (;;) {
      const ssize_t size = ::recv(socket.get(), buffer.data(), buffer.size(), 0);
      if (size > 0)
        at_once |= tells_of_an_address(Bytes(buffer.data(), static_cast<std::size_t>(size)));
      else if (errno == ENOBUFS)
        at_once = true;
      else if (size == 0 || errno != EINTR)
        break;
    }
    events.add();
    if (at_once && followed < most_at_once) {
      ++followed;
      look();
    }
  }

  void look_again() {
    followed = 0;
    look();
  }

  void look() {
    try {
      auto now = OwnNetwork::take();
      if (!now || *now == known) return;
      known = *now;
      on_change(*std::move(now));
    } catch (const std::bad_alloc&) {
      known = OwnNetwork();
      events.add();  // a change must not be missed
      throw;
    }
  }

  Descriptor socket;
  OnChange on_change;
  OwnNetwork known;  // what was told last
  int followed = 0;  // at once, of the present burst
  Burst events;
  Watch watch;
};

OwnNetworkWatch::OwnNetworkWatch(Loop& loop, OnChange on_change) {
  Descriptor socket = subscribe_to_rtnetlink(groups);  // first, so that no change falls between
  if (!socket) {
    if (auto now = OwnNetwork::take()) on_change(*std::move(now));
    return;
  }
  state_ = std::make_unique<State>(loop, std::move(socket), std::move(on_change));
  state_->look();
}

OwnNetworkWatch::~OwnNetworkWatch() = default;

}  // namespace tacet
