#include "resolve/resolver.hpp"

#include <algorithm>
#include <array>
#include <new>

#include "base/log.hpp"
#include "dns/designation.hpp"
#include "dns/edns.hpp"
#include "dns/fault_table.hpp"
#include "dns/reply.hpp"
#include "dns/wire.hpp"

namespace tacet {
namespace {

Rcode rcode_of(Bytes reply) { return static_cast<Rcode>(load16(reply, 2) & flag::rcode_mask); }

ReplyRequest request_of(const QueryView& query) { return {query.wire, query.index, query.limit}; }

Wanted wanted_of(const QueryView& query, const CacheKey& key) {
  return {key, QuestionView::of(query.wire, query.index)};
}
Wanted wanted_of(const Miss& miss) { return {miss.key, QuestionView::of(miss.query, miss.index)}; }

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

/// True for an answer that its zone did not sign: no stale answer may stand in for it.
bool is_bogus(const FetchResult& fetched) {
  return fetched && *fetched && (*fetched)->image.security == SecurityStatus::bogus;
}

bool has_answer(const FetchResult& fetched) {
  return fetched && *fetched && (*fetched)->image.kind != AnswerKind::failure;
}

/// Room for what a reply may add to an image: OPT, extended error and its text.
constexpr std::size_t reply_margin = 32 + ExtendedError::max_text;

/// SERVFAIL in the memory that held the query, with an explanation if there is room for it.
Reply unable(Miss& miss) {
  std::array<std::uint8_t, 512> text;
  const ReplyRequest request{miss.query, miss.index, text.size()};
  std::size_t size = write_error(request, Rcode::servfail, ExtendedError{ede::not_ready, {}}, text);
  if (size > miss.query.capacity()) size = write_error(request, Rcode::servfail, std::nullopt, text);
  if (size > miss.query.capacity()) return {};
  Reply reply = std::move(miss.query);
  reply.assign(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(size));
  return reply;
}

}  // namespace

Resolver::Resolver(const ResolverSetup& setup)
    : scheduler_(setup.scheduler),
      cache_(setup.cache),
      ledger_(setup.exposure, setup.exposure_names),
      journal_(setup.metrics, ledger_, setup.gates),
      routes_(setup.scheduler, setup.pending_limit, setup.upstreams, setup.zones),
      local_data_(setup.policy, routes_),
      fetcher_({setup.scheduler, setup.tasks, setup.cache, routes_, local_data_, setup.metrics, journal_, setup.rebind,
                [this](const CacheKey& key, const Fetched& fetched, EvidenceOrigin origin) {
                  learn(key, fetched.image.wire, {origin, fetched.exchange.upstream, scheduler_.now()});
                },
                setup.gates}),
      look_ahead_(fetcher_),
      prober_(
          setup.scheduler, [this] { return routes_.others()->in_flight.waiting() > 0; },
          [this](const Name& n) { return probe(n); }) {
  fetcher_.use(setup.dnssec);
}

CacheKey Resolver::key_of(Bytes query, const MessageIndex& index) const {
  const CacheKey key(cache_.seed(), query, index);
  cache_.expect(key);
  journal_.expect(key.hash());
  return key;
}

// The order of answering: local data (hosts, policy) and cache at once, then the fetcher for the rest.

std::variant<std::size_t, Miss> Resolver::answer_now(const QueryView& query, const CacheKey& key, ReplyRoom out) {
  if (const auto size = from_local_data(query, key, out)) return *size;
  Stale stale;
  if (const std::size_t size = from_cache(query, key, out, stale); size > 0) return size;
  if (!query.index.has(flag::rd)) return refuse_recursion(query, out);
  if (!routes_.of(key.name())->is_local) look_ahead_.seen(key, query.arrived);
  return Miss{{query.wire.begin(), query.wire.end()},
              query.index,
              query.arrived,
              query.limit,
              key,
              std::move(stale.answer),
              stale.just_expired,
              ClientAddress(query.client)};
}

Task<Reply> Resolver::answer(Miss& miss) {
  Reply reply;
  try {
    const std::shared_ptr<Route> route = routes_.of(miss.key.name());
    const Recheck::Attempt attempt{route->zone, miss.key, cache_.recheck().answers(route->zone)};
    const Duration patience = patience_for(*route, miss);
    FetchResult fetched;
    if (patience == Duration::zero()) {  // the stale answer goes out now; the refresh serves later clients
      fetcher_.refresh_behind(route, wanted_of(miss));
    } else {
      fetched = route->failures.recall(miss.key, miss.arrived);
      if (!fetched) fetched = fetcher_.denied(*route, wanted_of(miss));
      if (!fetched) {
        InFlight::FlightWaiter waiter(route->in_flight, miss.key);
        fetcher_.fetch_for(waiter, route, wanted_of(miss));
        fetched = (co_await waiter.wait(miss.arrived + patience)).value_or(nullptr);
      }
      if (miss.stale && !has_answer(fetched) && !is_bogus(fetched)) hold_stale(attempt, fetched);
    }
    const Outcome outcome = outcome_of(std::move(fetched), miss);
    reply = fit(outcome, miss);
    record(outcome, miss, reply);
  } catch (const std::bad_alloc&) {
    log::escaped("the answer to a query");
  }
  if (reply.empty()) reply = unable(miss);
  co_return reply;
}

std::optional<std::size_t> Resolver::from_local_data(const QueryView& query, const CacheKey& key, ReplyRoom out) {
  const QuestionView question = QuestionView::of(query.wire, query.index);
  if (!local_data_.might_answer(question, key)) return std::nullopt;
  auto image = designated(query);
  if (!image) image = local_data_.find(question, key, query.asker);
  if (!image) return std::nullopt;
  const ReplySource source = source_of(*image);
  const std::size_t size = write_reply(source, request_of(query), out);
  answered_now(query, Source::policy, rcode_of(out), source.extended_error);
  return size;
}

/// The answer about our encrypted listeners; nothing if this is no question about them, or there are none.
std::optional<AnswerImage> Resolver::designated(const QueryView& query) const {
  if (query.index.type != Type::svcb || query.designate == nullptr) return std::nullopt;
  const Question question = QuestionView::of(query.wire, query.index).copy();
  if (question.qclass != Class::in || question.name != designation_name()) return std::nullopt;
  const auto records = (*query.designate)();
  if (records.empty()) return std::nullopt;
  return local_answer(question, Rcode::noerror, records);
}

/// The size of the reply if a fresh answer is kept, otherwise 0. A stale answer is copied to `stale`.
std::size_t Resolver::from_cache(const QueryView& query, const CacheKey& key, ReplyRoom out, Stale& stale) {
  std::size_t size = 0;
  std::optional<Instant> refresh_from;  // the end of the kept answer, if it must be refreshed
  AheadKind proved = AheadKind::none;
  std::optional<std::uint16_t> extended_error;
  cache_.find(key, query.arrived, [&](const CachedAnswer& answer) {
    if (!answer.fresh) {
      stale = {copy_of(answer), std::chrono::seconds(answer.age - answer.lifetime) < just_expired};
      return;
    }
    size = write_reply(source_of(answer, cache_.config()), request_of(query), out);
    if (answer.refresh_due) refresh_from = query.arrived + std::chrono::seconds(answer.lifetime - answer.age);
    proved = answer.proved;
    extended_error = answer.extended_error;
  });
  if (size == 0) return 0;
  const Rcode rcode = rcode_of(out);
  answered_now(query, Source::cache, rcode, extended_error);
  const std::shared_ptr<Route>& route = routes_.of(key.name());
  if (!route->is_local) {
    if (rcode == Rcode::noerror)
      journal_.resolved({key.hash(), key.name(), query.index.type, query.client.transport}, query.arrived);
    look_ahead_.seen(key, query.arrived);
  }
  fetcher_.proved(proved);
  if (refresh_from) fetcher_.ask_ahead(route, wanted_of(query, key), {AheadKind::refresh, *refresh_from});
  return size;
}

/// A client without RD gets only what is kept here. Nothing is, so this refuses the query.
std::size_t Resolver::refuse_recursion(const QueryView& query, ReplyRoom out) {
  answered_now(query, Source::cache, Rcode::refused, ede::not_authoritative);
  return write_error(request_of(query), Rcode::refused, ExtendedError{ede::not_authoritative, {}}, out);
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

/// How long a query waits for a fresh answer; zero means not at all, and the stale answer goes out.
Duration Resolver::patience_for(const Route& route, const Miss& miss) {
  if (miss.just_expired && cache_.stale_use() == StaleUse::at_once) return Duration::zero();
  return miss.stale ? cache_.recheck().patience_for(route.zone, miss.key, miss.arrived) : answer_limit;
}

Resolver::Outcome Resolver::outcome_of(FetchResult fetched, const Miss& miss) {
  if (miss.stale && !has_answer(fetched) && !is_bogus(fetched)) return {Source::stale, nullptr};
  if (!fetched || !*fetched) return {Source::failure, std::move(fetched)};
  const bool asked = !(*fetched)->exchange.upstream.empty();  // otherwise it is made of a kept denial
  return {asked ? Source::upstream : Source::cache, std::move(fetched)};
}

/// Lets the next clients that ask for this name have the stale answer at once. Without memory they wait.
void Resolver::hold_stale(const Recheck::Attempt& attempt, const FetchResult& fetched) {
  if (fetched && !*fetched && fetched->error().fault == Fault::overloaded) return;  // our own limit
  auto failure = Recheck::Failure::silence;
  if (fetched) failure = *fetched ? Recheck::Failure::answer : Recheck::failure_of(fetched->error());
  try {
    cache_.recheck().hold(attempt, failure, scheduler_.now());
  } catch (const std::bad_alloc&) {
    log::escaped("the note that a name cannot be refreshed");
  }
}

/// Of an outcome without an answer.
const Error& Resolver::error_of(const Outcome& outcome) {
  static const Error too_late{Fault::timeout, "no upstream answered in time"};
  return outcome.fetched ? outcome.fetched->error() : too_late;
}

/// Why there is no answer, in words; empty if nobody said.
std::string_view Resolver::reason_of(const Outcome& outcome) {
  if (outcome.source == Source::failure) return error_of(outcome).detail;
  if (outcome.source == Source::stale) return {};
  const auto& passed_on = (*outcome.fetched)->image.extended_error;
  return passed_on ? std::string_view(passed_on->text) : std::string_view();
}

Reply Resolver::fit(const Outcome& outcome, const Miss& miss) const {
  const ReplyRequest request{miss.query, miss.index, miss.limit};
  Reply reply;
  if (outcome.source == Source::failure) {
    const Error& error = error_of(outcome);
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

/// The extended error in the reply of fit().
std::optional<std::uint16_t> Resolver::extended_error_of(const Outcome& outcome, const Miss& miss) {
  if (outcome.source == Source::failure) {
    return reply_for(error_of(outcome).fault).extended_error;
  }
  if (outcome.source == Source::stale) return stale_error(*miss.stale);
  const auto& passed_on = (*outcome.fetched)->image.extended_error;
  return passed_on ? std::optional(passed_on->code) : std::nullopt;
}

void Resolver::record(const Outcome& outcome, const Miss& miss, const Reply& reply) {
  const bool fetched = outcome.source != Source::cache && outcome.fetched && outcome.fetched->has_value();
  const bool failed = outcome.fetched && !outcome.fetched->has_value();
  journal_.record({.query = miss.query,
                   .index = miss.index,
                   .source = outcome.source,
                   .rcode = rcode_of(reply),
                   .taken = scheduler_.now() - miss.arrived,
                   .exchange = fetched ? &(*outcome.fetched)->exchange : nullptr,
                   .error = failed ? &outcome.fetched->error() : nullptr,
                   .extended_error = extended_error_of(outcome, miss),
                   .reason = reason_of(outcome),
                   .arrived = miss.arrived,
                   .client = miss.client});
  prober_.earn();
  if (routes_.of(miss.key.name())->is_local) return;
  if (outcome.source == Source::upstream)
    journal_.upstream_answered(miss.key.name(), rcode_of(reply), scheduler_.now());
  if (rcode_of(reply) != Rcode::noerror) return;
  journal_.resolved({miss.key.hash(), miss.key.name(), miss.index.type, miss.client.transport}, miss.arrived);
  want_evidence(miss);
}

}  // namespace tacet
