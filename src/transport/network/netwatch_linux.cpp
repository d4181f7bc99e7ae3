#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

#include "base/log.hpp"
#include "transport/network/netwatch.hpp"
#include "transport/network/rtnetlink.hpp"

namespace tacet {

namespace {

constexpr auto burst = std::chrono::milliseconds(100);

constexpr std::uint32_t groups = RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE;

}  // namespace

NetWatch::NetWatch(Loop& loop, std::function<void()> on_change)
    : on_change_(std::move(on_change)),
      events_(loop.scheduler(), burst, [this] { compare(); }) {
  socket_ = subscribe_to_rtnetlink(groups);
  if (!socket_) {
    log::warn("network changes will not be noticed: rtnetlink: {}", std::strerror(errno));
    return;
  }
  if (auto now = NetworkState::take()) picture_ = std::move(*now);
  watch_.emplace(loop, socket_.get(), [this](Watch::Ready) { drain(); });
  watch_->want_read(true);
}

/// The kernel tells of links only while one is followed: a radio's link speaks with each scan.
void NetWatch::follow(std::set<std::string> interfaces) {
  if (!works() || interfaces == followed_) return;
  const int group = RTNLGRP_LINK;
  ::setsockopt(socket_.get(), SOL_NETLINK, interfaces.empty() ? NETLINK_DROP_MEMBERSHIP : NETLINK_ADD_MEMBERSHIP,
               &group, sizeof group);
  followed_ = std::move(interfaces);
  picture_.reset();
  if (events_.pending()) return;  // without a picture, they count as a change
  if (auto now = NetworkState::take(followed_)) picture_ = std::move(*now);
}

/// Events only say when to look; a comparison of pictures shows the change. So an overflow loses nothing, and events
/// without meaning (a router advertisement, a container's interface) end here.
void NetWatch::drain() {
  std::array<std::uint8_t, 16384> buffer;
  ssize_t size = 0;
  do {
    size = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
  } while (size > 0 || (size < 0 && (errno == ENOBUFS || errno == EINTR)));
  events_.add();
}

void NetWatch::compare() {
  try {
    compare_now();
  } catch (const std::bad_alloc&) {
    events_.add();  // a change must not be missed
    throw;
  }
}

void NetWatch::compare_now() {
  auto now = NetworkState::take(followed_);
  if (now && picture_ && *now == *picture_) return;
  picture_ = now ? std::optional(std::move(*now)) : std::nullopt;
  const auto tell = on_change_;  // a copy, since the call may destroy this object
  tell();
}

}  // namespace tacet
