#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <new>
#include <optional>
#include <utility>

#include "base/descriptor.hpp"
#include "base/log.hpp"
#include "transport/network/netwatch.hpp"
#include "transport/network/network_state.hpp"
#include "transport/network/rtnetlink.hpp"

namespace tacet {

namespace {

constexpr auto burst = std::chrono::milliseconds(100);

constexpr std::uint32_t groups = RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE;

}  // namespace

/// Events only say when to look; what has changed is seen by comparing pictures. So an overflow loses nothing, and
/// events without meaning (a router advertisement, a container's interface) end here.
struct NetWatch::State {
  State(Loop& loop, Descriptor subscribed, std::function<void()> tell)
      : socket(std::move(subscribed)),
        on_change(std::move(tell)),
        events(loop.scheduler(), burst, [this] { compare(); }),
        watch(loop, socket.get(), [this](Watch::Ready) { drain(); }) {
    if (auto now = NetworkState::take()) picture = std::move(*now);
    watch.want_read(true);
  }

  void drain() {
    std::array<std::uint8_t, 16384> buffer;
    ssize_t size = 0;
    do {
      size = ::recv(socket.get(), buffer.data(), buffer.size(), 0);
    } while (size > 0 || (size < 0 && (errno == ENOBUFS || errno == EINTR)));
    events.add();
  }

  void compare() {
    try {
      compare_now();
    } catch (const std::bad_alloc&) {
      events.add();  // a change must not be missed
      throw;
    }
  }

  void compare_now() {
    auto now = NetworkState::take();
    if (now && picture && *now == *picture) return;
    picture = now ? std::optional(std::move(*now)) : std::nullopt;
    const auto tell = on_change;  // which may destroy what it lies in
    tell();
  }

  Descriptor socket;
  std::function<void()> on_change;
  std::optional<NetworkState> picture;  // nothing if the kernel would not tell: then every event is a change
  Burst events;
  Watch watch;
};

NetWatch::NetWatch(Loop& loop, std::function<void()> on_change) {
  if (Descriptor socket = subscribe_to_rtnetlink(groups)) {
    state_ = std::make_unique<State>(loop, std::move(socket), std::move(on_change));
  } else {
    log::warn("network changes will not be noticed: rtnetlink: {}", std::strerror(errno));
  }
}

NetWatch::~NetWatch() = default;

}  // namespace tacet
