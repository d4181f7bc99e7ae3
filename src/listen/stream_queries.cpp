#include "listen/stream_queries.hpp"

#include <array>
#include <new>
#include <utility>
#include <variant>

#include "base/log.hpp"
#include "base/shield.hpp"
#include "dns/edns.hpp"
#include "dns/nsid.hpp"
#include "dns/query.hpp"
#include "dns/reply.hpp"

namespace tacet {
namespace {

Bytes octets_of(const KernelAddress& address) {
  return {reinterpret_cast<const std::uint8_t*>(&address.storage), address.size};
}

/// Room for what is added to a reply that has waited.
constexpr std::size_t most_added = tcp_keepalive_size + 4 + 64 + 4 + response_block;

std::uint64_t& queries_of(Metrics& metrics, ClientTransport transport) {
  if (transport == ClientTransport::https) return metrics.https_queries;
  return transport == ClientTransport::tls ? metrics.tls_queries : metrics.tcp_queries;
}

std::uint64_t& clients_of(Metrics& metrics, ClientTransport transport) {
  if (transport == ClientTransport::https) return metrics.https_clients;
  return transport == ClientTransport::tls ? metrics.tls_clients : metrics.tcp_clients;
}

/// The buffer for a reply of any size before it is framed. One for the thread suffices, because no reply stays in it.
/// It has no destructor: a thread's first use would register one, and glibc ends a process that has no memory for that.
std::array<std::uint8_t, 65535>& reply_scratch() {
  thread_local std::array<std::uint8_t, 65535> scratch;
  return scratch;
}

/// Without memory there is nothing to hold an answer back with, and it goes out at once.
template <class Work>
void if_memory(Work&& work) {
  shielded(0, [&] { return work(), 0; });
}

/// Counts one waiting query as long as it lives.
class Counted {
public:
  explicit Counted(std::size_t& count) : count_(count) { ++count_; }
  ~Counted() { --count_; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

private:
  std::size_t& count_;
};

}  // namespace

/// A waiting query, and its place among those of its client.
struct StreamQueries::Waiting {
  Admission::Place place;
  Question question;
  ReplyFraming::Tag tag;
  ReplyExtras wanted;
  std::optional<Miss> miss = std::nullopt;
  Reply reply = {};  // without a miss: it is ready, and waits for an HTTPS record
};

StreamQueries::StreamQueries(const ListenerContext& context, StreamClient& client, ReplyFraming& framing,
                             const Terms& terms)
    : context_(context),
      client_(client),
      framing_(framing),
      terms_(terms) {
  ++clients_of(context_.metrics, terms_.transport);
}

void StreamQueries::on_closed() noexcept { --clients_of(context_.metrics, terms_.transport); }

void StreamQueries::on_turn_ended(Instant begun) {
  if (at_once_ == 0) return;
  const Instant now = context_.loop.scheduler().clock().now();
  context_.metrics.at_once_time.observe(now - begun, std::exchange(at_once_, 0));
}

bool StreamQueries::rests(Instant now) {
  if (paid_) return false;
  switch (context_.admission.judge_connected(client_.address().storage, now)) {
    case Admission::Verdict::rate_limited:
      client_.rest_until(now + context_.admission.pace());
      return true;
    case Admission::Verdict::not_allowed:
      ++context_.metrics.not_allowed;
      client_.finish();
      return true;
    default:
      paid_ = true;
      return false;
  }
}

/// If memory is out for one query, the others must go on.
void StreamQueries::serve(ReplyFraming::Tag tag, Bytes message, Instant now) {
  paid_ = false;
  try {
    return serve_now(tag, message, now);
  } catch (const std::bad_alloc&) {
    log::escaped("a query");
  }
  if (const auto index = judge_query(message)) turn_away(tag, message, *index);
}

void StreamQueries::turn_away(ReplyFraming::Tag tag, Bytes message, const MessageIndex& index) {
  std::array<std::uint8_t, 1024> text;
  const ExtendedError error{ede::not_ready, {}};
  send(tag, text, write_error({message, index, 512}, Rcode::servfail, error, text), {});
}

void StreamQueries::serve_now(ReplyFraming::Tag tag, Bytes message, Instant now) {
  const auto index = judge_query(message);
  std::array<std::uint8_t, 1024> refusal;
  if (!index) {
    const std::size_t size = write_refusal(message, index.error(), refusal);
    if (size == 0) return framing_.reject(tag);  // no DNS client
    ++context_.metrics.rejected;
    return send(tag, refusal, size, {});
  }
  ++queries_of(context_.metrics, terms_.transport);
  answer(tag,
         {message, *index, now, 65535, {octets_of(client_.address()), terms_.transport}, asker(), context_.designate});
}

Asker StreamQueries::asker() const { return context_.admission.asker(client_.address().storage); }

void StreamQueries::answer(ReplyFraming::Tag tag, const QueryView& query) {
  auto& scratch = reply_scratch();
  auto found = context_.resolver.answer_now(query, scratch);
  const ReplyExtras wanted{.timeout = terms_.told_idle && asks_tcp_keepalive(query.wire, query.index),
                           .nsid = !context_.nsid.empty() && asks_nsid(query.wire, query.index)};
  const QuestionView question = QuestionView::of(query.wire, query.index);
  const auto* size = std::get_if<std::size_t>(&found);
  if (size != nullptr && (*size == 0 || !must_wait(question))) {
    ++at_once_;
    if (*size > 0) send(tag, scratch, *size, wanted);
    return;
  }
  auto place = context_.admission.enter(client_.address().storage);
  if (!place) {
    ++context_.metrics.wait_limited;
    return turn_away(tag, query.wire, query.index);
  }
  Waiting waiting{*std::move(place), question.copy(), tag, wanted};
  if (size != nullptr)
    waiting.reply.assign(scratch.begin(), scratch.begin() + static_cast<std::ptrdiff_t>(*size));
  else
    waiting.miss = std::move(std::get<Miss>(found));
  // It shares the client, and so keeps the client's session alive.
  context_.tasks.spawn(answer_later({client_.shared_from_this(), this}, std::move(waiting)));
}

/// True if its answer would overtake the HTTPS record of its name.
bool StreamQueries::must_wait(const QuestionView& question) const {
  return (question.type == Type::a || question.type == Type::aaaa) && !https_records_.empty() &&
         https_records_.awaits(Name::from_checked_wire(question.name));
}

Task<void> StreamQueries::answer_later(std::shared_ptr<StreamQueries> self, Waiting waiting) {
  std::optional<Counted> in_flight(self->in_flight_);
  std::optional<AwaitedHttpsRecords::HttpsQuestion> https;
  if (waiting.miss && waiting.question.type == Type::https && is_encrypted(self->terms_.transport))
    if_memory([&] { https.emplace(self->https_records_, waiting.question.name); });
  if (waiting.miss) waiting.reply = co_await self->context_.resolver.answer(*waiting.miss);
  std::optional<AwaitedHttpsRecords::Hold> hold;
  Scheduler& scheduler = self->context_.loop.scheduler();
  if (self->must_wait(QuestionView::of(waiting.question)))
    if_memory([&] { hold.emplace(self->https_records_, waiting.question.name, scheduler); });
  if (hold) co_await hold->wait(scheduler.now() + AwaitedHttpsRecords::patience);
  in_flight.reset();
  self->client_.guarded([&] { self->deliver(waiting); });
}

void StreamQueries::deliver(Waiting& waiting) {
  if (!client_.is_open()) return;
  const std::size_t size = waiting.reply.size();
  if (size == 0) throw std::bad_alloc();
  waiting.reply.resize(size + most_added);
  send(waiting.tag, waiting.reply, size, waiting.wanted);
  client_.go_on();
}

/// Sends the reply in the first `size` octets of the buffer, with the options of its transport.
void StreamQueries::send(ReplyFraming::Tag tag, std::span<std::uint8_t> buffer, std::size_t size,
                         const ReplyExtras& wanted) {
  context_.metrics.truncated += is_truncated(buffer.first(size)) ? 1 : 0;  // set by an upstream
  if (wanted.nsid) size = add_nsid(buffer, size, context_.nsid);
  if (wanted.timeout) size = add_tcp_keepalive(buffer, size, *terms_.told_idle);
  if (is_encrypted(terms_.transport)) size = add_padding(buffer, size);
  framing_.frame(tag, buffer.first(size));
}

}  // namespace tacet
