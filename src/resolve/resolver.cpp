#include "resolve/resolver.hpp"

#include <algorithm>
#include <array>
#include <new>

#include "base/log.hpp"
#include "dns/edns.hpp"
#include "dns/fault_table.hpp"
#include "dns/reply.hpp"
#include "dns/wire.hpp"

namespace tacet {
namespace {

Question question_of(Bytes query, const MessageIndex& index) {
  return {Name::from_checked_wire(query.subspan(12, index.question_ends - 16U)), index.type, index.qclass};
}

Rcode rcode_of(Bytes reply) { return static_cast<Rcode>(load16(reply, 2) & flag::rcode_mask); }

ReplySource source_of(const CachedAnswer& answer, const CacheConfig& clamps) {
  return {.image = answer.image,
          .ttl_offsets = answer.ttl_offsets,
          .age = answer.age,
          .min_ttl = clamps.min_ttl,
          .max_ttl = max_ttl_of(answer.kind, clamps),
          .fixed_ttl = std::nullopt,
          .extended_error = answer.extended_error,
          .extended_error_text = answer.extended_error_text};
}

ReplySource source_of(const AnswerImage& image) {
  ReplySource source{.image = image.wire, .ttl_offsets = image.ttl_offsets};
  if (image.extended_error) {
    source.extended_error = image.extended_error->code;
    source.extended_error_text = image.extended_error->text;
  }
  return source;
}

AnswerImage copy_of(const CachedAnswer& answer) {
  AnswerImage image;
  image.wire.assign(answer.image.begin(), answer.image.end());
  image.ttl_offsets.assign(answer.ttl_offsets.begin(), answer.ttl_offsets.end());
  image.kind = answer.kind;
  image.security = answer.security;
  return image;
}

std::uint16_t stale_error(const AnswerImage& image) {
  return image.kind == AnswerKind::nxdomain ? ede::stale_nxdomain : ede::stale_answer;
}

/// HandlerMemory for an image and for what a reply may add to it: OPT, extended error and its text.
constexpr std::size_t reply_margin = 32 + ExtendedError::max_text;

}  // namespace

Resolver::Resolver(const Parts& parts)
    : scheduler_(parts.scheduler),
      tasks_(parts.tasks),
      policy_(&parts.policy),
      cache_(parts.cache),
      metrics_(parts.metrics),
      ledger_(parts.exposure, parts.exposure_names),
      journal_(parts.metrics, ledger_),
      routes_(parts.scheduler, parts.pending_limit, parts.upstreams, parts.zones),
      rebind_(parts.rebind),
      prober_(parts.scheduler, {[this] { return routes_.others()->in_flight.waiting() > 0; },
                                [this](const Name& n) { return probe(n); }}) {}

CacheKey Resolver::key_of(Bytes query, const MessageIndex& index) const {
  const CacheKey key(cache_.seed(), query, index);
  cache_.expect(key);
  journal_.expect(key.hash());
  return key;
}

std::variant<std::size_t, Miss> Resolver::answer_now(const QueryView& query, const CacheKey& key,
                                                     std::span<std::uint8_t> out) {
  if (const auto size = local(query, key, out)) return *size;

  std::size_t size = 0;
  bool refresh = false;
  std::optional<AnswerImage> stale;
  std::optional<std::uint16_t> extended_error;
  cache_.find(key, query.arrived, [&](const CachedAnswer& answer) {
    if (!answer.fresh) {
      stale = copy_of(answer);
      return;
    }
    size = write_reply(source_of(answer, cache_.config()), {query.wire, query.index, query.limit}, out);
    refresh = answer.refresh_due;
    extended_error = answer.extended_error;
  });
  if (size > 0) {
    const Rcode rcode = rcode_of(out);
    answered_now(query, Source::cache, rcode, extended_error);
    Route& route = *routes_.of(key.name());
    if (rcode == Rcode::noerror && !route.is_local)
      journal_.resolved({key.hash(), key.name(), query.index.type}, query.arrived);
    if (refresh) refresh_ahead(route, key, query);
    return size;
  }

  if (!query.index.has(flag::rd)) {  // who does not ask for recursion gets what is here, and nothing is
    answered_now(query, Source::cache, Rcode::refused, ede::not_authoritative);
    const ExtendedError error{ede::not_authoritative, {}};
    return write_error({query.wire, query.index, query.limit}, Rcode::refused, error, out);
  }
  return Miss{{query.wire.begin(), query.wire.end()},
              query.index,
              query.arrived,
              query.limit,
              key,
              std::move(stale),
              ClientAddress(query.client)};
}

/// An extra, without which the answer is as good.
void Resolver::refresh_ahead(Route& route, const CacheKey& key, const QueryView& query) {
  try {
    if (route.in_flight.begin(key)) return;
    ++metrics_.refreshed_ahead;
    launch(route, key, query.wire, query.index);
  } catch (const std::bad_alloc&) {
    log::escaped("a refresh of a kept answer");
  }
}

void Resolver::answered_now(const QueryView& query, Source source, Rcode rcode,
                            std::optional<std::uint16_t> extended_error) {
  journal_.answered_now(source, rcode);
  if (!journal_.logs()) return;
  journal_.log({.query = query.wire,
                .index = query.index,
                .source = source,
                .rcode = rcode,
                .taken = scheduler_.clock().now() - query.arrived,
                .extended_error = extended_error,
                .arrived = query.arrived,
                .client = ClientAddress(query.client)});
}

Policy::Asker Resolver::asker_of(const CacheKey& key) {
  return key.dnssec_ok() || key.checking_disabled() ? Policy::Asker::validator : Policy::Asker::plain;
}

Recheck::Failure Resolver::failure_of(const Error& error) {
  const bool unreachable =
      error.fault == Fault::unreachable || error.fault == Fault::no_network || error.fault == Fault::tls_untrusted;
  return unreachable ? Recheck::Failure::unreachable : Recheck::Failure::silence;
}

/// What this machine answers by itself.
std::optional<std::size_t> Resolver::local(const QueryView& query, const CacheKey& key, std::span<std::uint8_t> out) {
  std::optional<AnswerImage> image;
  if (hosts_->might_hold(key.name()))
    image = hosts_->answer(question_of(query.wire, query.index), key.name(), query.asker);
  const bool elsewhere = query.index.qclass == Class::in && routes_.of(key.name())->is_local;
  if (!image && !elsewhere && policy_->might_answer(key.name(), query.index.type, query.index.qclass))
    image = policy_->local_answer(question_of(query.wire, query.index), asker_of(key));
  if (!image) return std::nullopt;
  const ReplySource source = source_of(*image);
  const std::size_t size = write_reply(source, {query.wire, query.index, query.limit}, out);
  answered_now(query, Source::policy, rcode_of(out), source.extended_error);
  return size;
}

Task<Reply> Resolver::answer(Miss miss) {
  Reply reply;
  try {
    const Outcome outcome = co_await resolve(miss);
    reply = fit(outcome, miss);
    record(outcome, miss, reply);
  } catch (const std::bad_alloc&) {
    log::escaped("the answer to a query");
  }
  if (reply.empty()) reply = unable(miss);
  co_return reply;
}

/// SERVFAIL in the memory that held the query; with an explanation if there is room for it.
Reply Resolver::unable(Miss& miss) {
  std::array<std::uint8_t, 512> text;
  const ReplyRequest request{miss.query, miss.index, text.size()};
  std::size_t size = write_error(request, Rcode::servfail, ExtendedError{ede::not_ready, {}}, text);
  if (size > miss.query.capacity()) size = write_error(request, Rcode::servfail, std::nullopt, text);
  if (size > miss.query.capacity()) return {};
  Reply reply = std::move(miss.query);
  reply.assign(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(size));
  return reply;
}

Task<Resolver::Outcome> Resolver::resolve(const Miss& miss) {
  const std::shared_ptr<Route> route = routes_.of(miss.key.name());
  Recheck& recheck = cache_.recheck();
  const Recheck::Attempt attempt{route->zone, miss.key, recheck.answers(route->zone)};
  const Duration patience =
      miss.stale ? recheck.patience_for(route->zone, miss.key, miss.arrived) : Duration(answer_limit);
  if (patience == Duration::zero()) {
    refresh_behind(*route, miss);
    co_return Outcome{Source::stale, nullptr};
  }
  FetchResult fetched = route->failures.recall(miss.key, miss.arrived);
  if (!fetched) {
    InFlight::FlightWaiter waiter(route->in_flight, miss.key);
    if (!waiter.leads())
      ++metrics_.coalesced;
    else if (route->in_flight.crowded())
      route->in_flight.refuse(miss.key);
    else
      launch(*route, miss.key, miss.query, miss.index);
    metrics_.shed = routes_.shed();
    std::optional<FetchResult> arrived = co_await waiter.wait(miss.arrived + patience);
    if (arrived) fetched = std::move(*arrived);
  }
  const bool failed = !fetched || !*fetched || (*fetched)->image.kind == AnswerKind::failure;
  if (failed && miss.stale) {
    hold_stale(attempt, fetched);
    co_return Outcome{Source::stale, nullptr};
  }
  if (fetched && *fetched) co_return Outcome{Source::upstream, std::move(fetched)};
  co_return Outcome{Source::failure, std::move(fetched)};
}

/// The next who ask for this name need not wait. Without memory they do.
void Resolver::hold_stale(const Recheck::Attempt& attempt, const FetchResult& fetched) {
  if (fetched && !*fetched && fetched->error().fault == Fault::overloaded) return;  // that was us
  auto failure = Recheck::Failure::silence;
  if (fetched) failure = *fetched ? Recheck::Failure::answer : failure_of(fetched->error());
  try {
    cache_.recheck().hold(attempt, failure, scheduler_.now());
  } catch (const std::bad_alloc&) {
    log::escaped("the note that a name cannot be refreshed");
  }
}

/// Asks again for a name that was answered from stale at once, without anybody who waits for it.
void Resolver::refresh_behind(Route& route, const Miss& miss) {
  try {
    const Instant now = scheduler_.now();
    if (route.failures.recall(miss.key, now) || route.in_flight.crowded()) return;
    if (!cache_.recheck().begin(miss.key, now, now + answer_limit) || route.in_flight.begin(miss.key)) return;
    launch(route, miss.key, miss.query, miss.index);
  } catch (const std::bad_alloc&) {
    log::escaped("a refresh of a stale answer");
  }
}

/// Begins to ask a question that has been entered as in flight; if that cannot be, tells so everyone who waits.
void Resolver::launch(Route& route, const CacheKey& key, const Question& question, EvidenceOrigin origin) {
  try {
    tasks_.spawn(fly(key, question, origin));
  } catch (const std::bad_alloc&) {
    log::escaped("a question to the upstreams");
    route.in_flight.refuse(key);
  }
}

/// The same for a client's question.
void Resolver::launch(Route& route, const CacheKey& key, Bytes query, const MessageIndex& index) {
  try {
    launch(route, key, question_of(query, index), EvidenceOrigin::client);
  } catch (const std::bad_alloc&) {
    log::escaped("a question to the upstreams");
    route.in_flight.refuse(key);
  }
}

/// Asks for everyone who waits for this question, and tells them; also if that ended by an exception (no memory), for a
/// question left in flight could never be asked again.
Task<void> Resolver::fly(CacheKey key, Question question, EvidenceOrigin origin) {
  const std::shared_ptr<Route> route = routes_.of(key.name());
  try {
    const FetchResult result = co_await fetch(route, key, question, origin);
    route->in_flight.land(key, result);
  } catch (...) {
    route->in_flight.refuse(key);
    throw;
  }
}

/// Asks the upstreams, follows where the answer leads, and keeps what may be kept. Each of these tasks is awaited by
/// one that holds what it is given: a copy of a key and a question in each would be a kilobyte a query.
Task<FetchResult> Resolver::fetch(const std::shared_ptr<Route>& route, const CacheKey& key, const Question& question,
                                  EvidenceOrigin origin) {
  const Instant deadline = scheduler_.now() + answer_limit;
  const Recheck::Attempt attempt{route->zone, key, cache_.recheck().answers(route->zone)};
  const std::uint64_t settings = settings_;
  Result<Part> part = co_await ask(route, key, question, deadline);
  Result<Fetched> fetched = fail(Fault::timeout);
  if (!part)
    fetched = fail(std::move(part.error()));
  else if (part->onward.empty())
    fetched = std::move(part->fetched);
  else
    fetched = co_await follow(*part, key, deadline);
  const Instant now = scheduler_.now();
  if (fetched) {
    // Had the name another way meanwhile, the cache would show what that one does not say.
    const bool crosses = fetched->image.crosses;
    if (routes_.of(key.name()) == route && (!crosses || settings == settings_)) cache_.store(key, fetched->image, now);
    if (question.type == Type::https && !route->is_local && !crosses)
      learn(key, fetched->image.wire, {origin, fetched->exchange.upstream, now});
  }
  const bool failed = !fetched || fetched->image.kind == AnswerKind::failure;
  const FetchResult result = std::make_shared<const Result<Fetched>>(std::move(fetched));
  if (failed) {
    route->failures.remember(key, result, now);
    cache_.recheck().failed(attempt, *result ? Recheck::Failure::answer : failure_of(result->error()), now);
  } else {
    cache_.recheck().refreshed(key);
  }
  co_return result;
}

Reply Resolver::fit(const Outcome& outcome, const Miss& miss) const {
  const ReplyRequest request{miss.query, miss.index, miss.limit};
  Reply reply;
  if (outcome.source == Source::failure) {
    static const Error too_late{Fault::timeout, "no upstream answered in time"};
    const Error& error = outcome.fetched ? outcome.fetched->error() : too_late;
    const FaultReply told = reply_for(error.fault);
    const ExtendedError extended{told.extended_error, error.detail.substr(0, ExtendedError::max_text)};
    reply.resize(miss.query.size() + reply_margin);
    reply.resize(write_error(request, told.rcode, extended, reply));
    return reply;
  }
  const AnswerImage& image = outcome.source == Source::stale ? *miss.stale : (*outcome.fetched)->image;
  ReplySource source = source_of(image);
  if (outcome.source == Source::stale) {
    source.fixed_ttl = stale_ttl;
    source.extended_error = stale_error(image);
  } else {
    source.min_ttl = cache_.config().min_ttl;
    source.max_ttl = max_ttl_of(image.kind, cache_.config());
  }
  reply.resize(image.wire.size() + reply_margin);
  reply.resize(write_reply(source, request, reply));
  return reply;
}

/// What fit() explains the reply with.
std::optional<std::uint16_t> Resolver::extended_error_of(const Outcome& outcome, const Miss& miss) {
  if (outcome.source == Source::failure) {
    const Fault fault = outcome.fetched ? outcome.fetched->error().fault : Fault::timeout;
    return reply_for(fault).extended_error;
  }
  if (outcome.source == Source::stale) return stale_error(*miss.stale);
  const auto& passed_on = (*outcome.fetched)->image.extended_error;
  return passed_on ? std::optional(passed_on->code) : std::nullopt;
}

void Resolver::record(const Outcome& outcome, const Miss& miss, const Reply& reply) {
  const bool fetched = outcome.fetched && outcome.fetched->has_value();
  const bool failed = outcome.fetched && !outcome.fetched->has_value();
  journal_.record({.query = miss.query,
                   .index = miss.index,
                   .source = outcome.source,
                   .rcode = rcode_of(reply),
                   .taken = scheduler_.now() - miss.arrived,
                   .exchange = fetched ? &(*outcome.fetched)->exchange : nullptr,
                   .error = failed ? &outcome.fetched->error() : nullptr,
                   .extended_error = extended_error_of(outcome, miss),
                   .arrived = miss.arrived,
                   .client = miss.client});
  prober_.earn();
  if (rcode_of(reply) != Rcode::noerror || routes_.of(miss.key.name())->is_local) return;
  journal_.resolved({miss.key.hash(), miss.key.name(), miss.index.type}, miss.arrived);
  want_evidence(miss);
}

}  // namespace tacet
