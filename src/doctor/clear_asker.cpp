#include "doctor/clear_asker.hpp"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <memory>

#include "base/descriptor.hpp"
#include "dns/wire.hpp"
#include "transport/dial/socket.hpp"
#include "transport/framing.hpp"

namespace tacet {
namespace {

/// One sending of a query by UDP, and its socket.
struct Sending {
  Sending(Loop& loop, Descriptor made, AutoResetEvent& event)
      : socket(std::move(made)),
        watch(loop, socket.get(), [&event](Watch::Ready) { event.set(); }) {
    watch.want_read(true);
  }

  Descriptor socket;
  Instant at;
  std::vector<std::uint8_t> wire;
  Watch watch;  // last: destroyed before its descriptor closes
};

bool belongs(const Message& reply, Bytes query) {
  return reply.index().has(flag::qr) && reply.id() == load16(query, 0) &&
         reply.question() == Message::parse({query.begin(), query.end()}).value().question();
}

/// Takes all datagrams that wait. False if the kernel reports an error, such as a closed port.
bool read_all(const Sending& sending, int attempt, Instant now, ClearOutcome& outcome) {
  std::array<std::uint8_t, max_message_size> buffer;
  for (;;) {
    const auto size = ::recv(sending.socket.get(), buffer.data(), buffer.size(), 0);
    if (size < 0) return would_wait(errno);
    auto reply = Message::parse_answer({buffer.begin(), buffer.begin() + size});
    if (reply && belongs(*reply, sending.wire))
      outcome.answers.push_back({*std::move(reply), attempt, now - sending.at});
  }
}

}  // namespace

Task<void> ClearAsker::ask(ClearQuery query, ClearOutcome& outcome) {
  if (query.transport == PlainTransport::udp)
    co_await by_udp(query, outcome);
  else
    co_await by_tcp(query, outcome);
}

Task<void> ClearAsker::by_udp(const ClearQuery& query, ClearOutcome& outcome) {
  const auto where = kernel_address(query.server);
  if (!where) {
    outcome.trouble = where.error();
    co_return;
  }
  AutoResetEvent event(loop_.scheduler());
  std::vector<std::unique_ptr<Sending>> sendings;
  Instant until = Instant::max();
  for (Instant next = loop_.now(); loop_.now() < until;) {
    if (outcome.answers.empty() && loop_.now() >= next) {
      if (sendings.size() == most_sendings || !take()) break;
      auto made = connected_datagrams(*where);
      if (!made) {
        outcome.trouble = std::move(made.error());
        break;
      }
      sendings.push_back(std::make_unique<Sending>(loop_, *std::move(made), event));
      Sending& latest = *sendings.back();
      latest.wire = wire_of(query, ids_.next());
      latest.at = loop_.now();
      if (::send(latest.socket.get(), latest.wire.data(), latest.wire.size(), 0) < 0) {
        outcome.trouble = socket_error(errno);
        break;
      }
      outcome.sent.push_back(latest.wire);
      next = loop_.now() + patience;
    }
    co_await event.wait(std::min(outcome.answers.empty() ? next : until, until));
    for (std::size_t i = 0; i < sendings.size(); ++i)
      if (!read_all(*sendings[i], static_cast<int>(i), loop_.now(), outcome)) sendings[i]->watch.want_read(false);
    if (!outcome.answers.empty() && until == Instant::max()) until = loop_.now() + race_time;
  }
}

Task<void> ClearAsker::by_tcp(const ClearQuery& query, ClearOutcome& outcome) {
  const auto where = kernel_address(query.server);
  auto made = where ? begin_connect(*where) : fail(where.error());
  if (!made || !take()) {
    outcome.trouble = made ? Error{Fault::overloaded, "too many queries"} : made.error();
    co_return;
  }
  AutoResetEvent event(loop_.scheduler());
  Sending sending(loop_, *std::move(made), event);
  const Instant deadline = loop_.now() + most_sendings * patience;
  sending.at = loop_.now();
  sending.watch.want_write(true);
  if (!co_await event.wait(deadline)) {
    outcome.trouble = Error{Fault::timeout, "no connection"};
    co_return;
  }
  if (auto connected = finish_connect(sending.socket.get()); !connected) {
    outcome.trouble = connected.error();
    co_return;
  }
  sending.watch.want_write(false);
  sending.wire = wire_of(query, ids_.next());
  std::vector<std::uint8_t> framed;
  append_frame(framed, sending.wire);
  if (::send(sending.socket.get(), framed.data(), framed.size(), send_flags) < 0) {
    outcome.trouble = socket_error(errno);
    co_return;
  }
  outcome.sent.push_back(sending.wire);
  FrameReader frames;
  std::array<std::uint8_t, 16384> buffer;
  while (outcome.answers.empty() && co_await event.wait(deadline)) {
    const auto size = ::recv(sending.socket.get(), buffer.data(), buffer.size(), 0);
    if (size < 0 && would_wait(errno)) continue;
    if (size <= 0) {
      outcome.trouble = size < 0 ? socket_error(errno) : Error{Fault::protocol, "closed without an answer"};
      co_return;
    }
    frames.feed(Bytes(buffer).first(static_cast<std::size_t>(size)));
    while (const auto frame = frames.next()) {
      auto reply = Message::parse_answer({frame->begin(), frame->end()});
      if (reply && belongs(*reply, sending.wire))
        outcome.answers.push_back({*std::move(reply), 0, loop_.now() - sending.at});
    }
  }
  if (outcome.answers.empty()) outcome.trouble = Error{Fault::timeout, "no answer"};
}

}  // namespace tacet
