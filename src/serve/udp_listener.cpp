#include "serve/udp_listener.hpp"

#include "dns/query.hpp"
#include "dns/reply.hpp"

namespace tacet {

UdpListener::UdpListener(const Parts& parts, int socket)
    : parts_(parts),
      socket_(socket),
      watch_(parts.loop, socket, [this](Watch::Ready) { on_readable(); }) {
  watch_.want_read(true);
}

void UdpListener::on_readable() {
  const std::size_t count = burst_.receive(socket_);
  const Instant now = parts_.loop.now();
  std::uint64_t at_once = 0;
  for (std::size_t i = 0; i < count; ++i) at_once += serve(i, now) ? 1 : 0;
  parts_.metrics.send_failures += burst_.send(socket_);
  // One look at the clock for all of them: none took longer than the burst.
  if (at_once > 0) parts_.metrics.at_once_time.observe(parts_.loop.now() - now, at_once);
}

bool UdpListener::serve(std::size_t i, Instant now) {
  const Bytes datagram = burst_.datagram(i);
  const auto index = judge_query(datagram);
  if (!index) {
    const std::size_t size = write_refusal(datagram, index.error(), burst_.room(i));
    ++(size > 0 ? parts_.metrics.refused_at_once : parts_.metrics.dropped);
    if (size > 0) burst_.reply(i, size);
    return false;
  }
  ++parts_.metrics.udp_queries;
  auto answer =
      parts_.resolver.answer_now({datagram, *index, now, udp_limit(*index), {burst_.sender(i), false}}, burst_.room(i));
  if (const auto* size = std::get_if<std::size_t>(&answer)) {
    if (*size > 0) burst_.reply(i, *size);
    return true;
  }
  parts_.tasks.spawn(answer_later(std::move(std::get<Miss>(answer)), burst_.peer(i)));
  return false;
}

Task<void> UdpListener::answer_later(Miss miss, Peer peer) {
  const Reply reply = co_await parts_.resolver.answer(std::move(miss));
  if (!reply.empty() && !send_datagram(socket_, peer, reply)) ++parts_.metrics.send_failures;
}

}  // namespace tacet
