#include "listen/udp_listener.hpp"

#include <algorithm>
#include <new>

#include "base/log.hpp"
#include "dns/nsid.hpp"
#include "dns/query.hpp"
#include "dns/reply.hpp"

namespace tacet {

UdpListener::UdpListener(const ListenerContext& context, int socket, int replies)
    : context_(context),
      socket_(socket),
      replies_(replies),
      end_of_turn_(context.loop, [this] { send_late(); }),
      watch_(context.loop, socket, [this](Watch::Ready) { on_readable(); }) {
  asked_.reserve(Datagrams::most);
  late_.reserve(Datagrams::most);
  watch_.want_read(true);
}

void UdpListener::on_readable() {
  const std::size_t count = burst_.receive(socket_);
  const Instant now = context_.loop.now();
  asked_.clear();
  for (std::size_t i = 0; i < count; ++i) admit(i, now);
  for (const Asked& asked : asked_) context_.resolver.approach(asked.key);
  std::uint64_t at_once = 0;
  for (const Asked& asked : asked_) at_once += serve_or_say_why_not(asked, now) ? 1 : 0;
  context_.metrics.send_failures += burst_.send(replies_);
  // One look at the clock serves the whole burst.
  if (at_once > 0) context_.metrics.at_once_time.observe(context_.loop.scheduler().clock().now() - now, at_once);
}

/// Reads the PROXY header of a front end's datagram. False if it has none, or a broken one.
bool UdpListener::read_header(std::size_t i) {
  if (headers_[i].size > 0) headers_[i] = {};
  if (!context_.admission.is_front_end(burst_.address(i))) return true;
  const auto header = parse_proxy_header(burst_.datagram(i));
  if (header) headers_[i] = *header;
  return header.has_value();
}

const sockaddr_storage& UdpListener::address(std::size_t i) const {
  return headers_[i].client ? headers_[i].client->storage : burst_.address(i);
}

ClientView UdpListener::client(std::size_t i) const {
  const auto& told = headers_[i].client;
  if (!told) return {burst_.sender(i), ClientTransport::udp};
  return {{reinterpret_cast<const std::uint8_t*>(&told->storage), told->size}, ClientTransport::udp};
}

/// Puts the query among those to answer, or rejects it.
void UdpListener::admit(std::size_t i, Instant now) {
  if (!read_header(i)) {
    ++context_.metrics.dropped;
    return;
  }
  const Bytes datagram = message(i);
  const auto index = judge_query(datagram);
  const auto verdict = context_.admission.judge(address(i), now);
  if (!index) {
    if (verdict != Admission::Verdict::allowed) return;  // other clients get no refusal
    const std::size_t size = write_refusal(datagram, index.error(), burst_.room(i));
    ++(size > 0 ? context_.metrics.rejected : context_.metrics.dropped);
    if (size > 0) burst_.reply(i, size);
    return;
  }
  ++context_.metrics.udp_queries;
  if (verdict != Admission::Verdict::allowed) return turn_away(i, *index, verdict);
  asked_.emplace_back(i, *index, context_.resolver.key_of(datagram, *index));
}

/// If memory is out for one query, those behind it must go on.
bool UdpListener::serve_or_say_why_not(const Asked& asked, Instant now) {
  try {
    return serve(asked, now);
  } catch (const std::bad_alloc&) {
    log::escaped("a query");
  }
  turn_away(asked.at, asked.index, Admission::Verdict::wait_limited);
  return false;
}

/// True if policy or cache answered it at once.
bool UdpListener::serve(const Asked& asked, Instant now) {
  const auto& [i, index, key] = asked;
  const QueryView query{
      message(i), index, now, udp_limit(index), client(i), context_.admission.asker(address(i)), context_.designate};
  auto answer = context_.resolver.answer_now(query, key, burst_.room(i));
  if (const auto* size = std::get_if<std::size_t>(&answer)) {
    if (*size > 0) reply(i, with_nsid(query, burst_.room(i), *size));
    return true;
  }
  if (auto place = context_.admission.enter(address(i)))
    context_.tasks.spawn(answer_later(std::move(std::get<Miss>(answer)), burst_.peer(i), *std::move(place)));
  else
    turn_away(i, index, Admission::Verdict::wait_limited);
  return false;
}

/// The size of the reply in `room` with the name of this server, if the client asks for that and has room for it.
std::size_t UdpListener::with_nsid(const QueryView& query, std::span<std::uint8_t> room, std::size_t size) const {
  if (context_.nsid.empty() || !asks_nsid(query.wire, query.index)) return size;
  return add_nsid(room.first(std::min(room.size(), query.limit)), size, context_.nsid);
}

/// Such a reply exceeds its query by at most an extended error, so that forged addresses gain nothing.
void UdpListener::turn_away(std::size_t i, const MessageIndex& index, Admission::Verdict verdict) {
  const ReplyRequest request{message(i), index, udp_limit(index)};
  std::size_t size = 0;
  if (verdict == Admission::Verdict::rate_limited) {
    ++context_.metrics.rate_limited;
    size = write_truncated(request, burst_.room(i));
  } else if (verdict == Admission::Verdict::wait_limited) {
    ++context_.metrics.wait_limited;
    size = write_error(request, Rcode::servfail, ExtendedError{ede::not_ready, {}}, burst_.room(i));
  } else {
    ++context_.metrics.not_allowed;
    size = write_error(request, Rcode::refused, ExtendedError{ede::prohibited, {}}, burst_.room(i));
  }
  if (size > 0) reply(i, size);
}

void UdpListener::reply(std::size_t i, std::size_t size) {
  context_.metrics.truncated += is_truncated(burst_.room(i).first(size)) ? 1 : 0;
  burst_.reply(i, size);
}

Task<void> UdpListener::answer_later(Miss miss, Peer peer, [[maybe_unused]] Admission::Place place) {
  const bool wants_nsid = !context_.nsid.empty() && asks_nsid(miss.query, miss.index);
  const std::size_t limit = miss.limit;
  Reply reply = co_await context_.resolver.answer(miss);
  if (wants_nsid) {
    const std::size_t size = reply.size();
    reply.resize(std::max(size, limit));
    reply.resize(add_nsid(reply, size, context_.nsid));
  }
  if (!reply.empty()) reply_late(peer, std::move(reply));
}

/// One read from an upstream brings many answers. A system call for each reply would cost more than the reply itself.
void UdpListener::reply_late(const Peer& peer, Reply reply) {
  context_.metrics.truncated += is_truncated(reply) ? 1 : 0;
  if (late_.size() == Datagrams::most) send_late();
  late_.push_back({peer, std::move(reply)});
  end_of_turn_.post();
}

void UdpListener::send_late() {
  context_.metrics.send_failures += send_letters(replies_, late_);
  late_.clear();
}

}  // namespace tacet
