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
  const auto verdict = parts_.admission.judge(burst_.address(i), now);
  if (!index) {
    if (verdict != Admission::Verdict::welcome) return false;  // no form of theirs is worth a reply
    const std::size_t size = write_refusal(datagram, index.error(), burst_.room(i));
    ++(size > 0 ? parts_.metrics.refused_at_once : parts_.metrics.dropped);
    if (size > 0) burst_.reply(i, size);
    return false;
  }
  ++parts_.metrics.udp_queries;
  if (verdict != Admission::Verdict::welcome) {
    turn_away(i, *index, verdict);
    return false;
  }
  auto answer =
      parts_.resolver.answer_now({datagram, *index, now, udp_limit(*index), {burst_.sender(i), false}}, burst_.room(i));
  if (const auto* size = std::get_if<std::size_t>(&answer)) {
    if (*size > 0) burst_.reply(i, *size);
    return true;
  }
  if (auto place = parts_.admission.enter(burst_.address(i)))
    parts_.tasks.spawn(answer_later(std::move(std::get<Miss>(answer)), burst_.peer(i), *std::move(place)));
  else
    turn_away(i, *index, Admission::Verdict::crowding);
  return false;
}

/// No such reply is larger than its query by more than an extended error: who forges addresses gains nothing.
void UdpListener::turn_away(std::size_t i, const MessageIndex& index, Admission::Verdict verdict) {
  const ReplyRequest request{burst_.datagram(i), index, udp_limit(index)};
  std::size_t size = 0;
  if (verdict == Admission::Verdict::hurried) {
    ++parts_.metrics.hurried;
    size = write_truncated(request, burst_.room(i));
  } else if (verdict == Admission::Verdict::crowding) {
    ++parts_.metrics.crowding;
    size = write_error(request, Rcode::servfail, ExtendedError{ede::not_ready, {}}, burst_.room(i));
  } else {
    ++parts_.metrics.strangers;
    size = write_error(request, Rcode::refused, ExtendedError{ede::prohibited, {}}, burst_.room(i));
  }
  if (size > 0) burst_.reply(i, size);
}

Task<void> UdpListener::answer_later(Miss miss, Peer peer, [[maybe_unused]] Admission::Place place) {
  const Reply reply = co_await parts_.resolver.answer(std::move(miss));
  if (!reply.empty() && !send_datagram(socket_, peer, reply)) ++parts_.metrics.send_failures;
}

}  // namespace tacet
