#include "resolve/fetcher.hpp"

#include <new>

#include "base/log.hpp"
#include "dns/edns.hpp"
#include "dns/record_walk.hpp"

namespace tacet {
namespace {

/// True if an answer could not be judged, although there is one.
bool is_unproven(const Message& message, const std::optional<Judgement>& judgement) {
  const bool is_answer = message.rcode() == Rcode::noerror || message.rcode() == Rcode::nxdomain;
  return judgement && is_answer && judgement->status == SecurityStatus::indeterminate;
}

}  // namespace

void Fetcher::fetch_for(const InFlight::FlightWaiter& waiter, const std::shared_ptr<Route>& route,
                        const Wanted& wanted) {
  if (!waiter.leads())
    ++context_.metrics.coalesced;
  else if (route->in_flight.crowded())
    route->in_flight.refuse(wanted.key);
  else {
    budget_.earn();
    launch(route, wanted);
  }
  proved(waiter.proved());
  context_.metrics.overloaded = context_.routes.shed();
}

void Fetcher::launch(const std::shared_ptr<Route>& route, const Wanted& wanted) {
  try {
    context_.tasks.spawn(fly({.asked = question_to(route, wanted.key, wanted.question.copy()),
                              .origin = wanted.origin,
                              .deadline = context_.scheduler.now() + time_limit,
                              .settings = settings_}));
  } catch (const std::bad_alloc&) {
    log::escaped("a question to the upstreams");
    route->in_flight.refuse(wanted.key);
  }
}

void Fetcher::ask_ahead(const std::shared_ptr<Route>& route, const Wanted& wanted, Ahead ahead) {
  try {
    if (fails_now(*route, wanted.key) || route->in_flight.crowded()) return;
    if (!budget_.has_left()) {
      ++context_.metrics.ahead_denied;
      return;
    }
    if (route->in_flight.begin(wanted.key, ahead)) return;
    budget_.spend();
    ++(ahead.kind == AheadKind::refresh ? context_.metrics.prefetches : context_.metrics.followers_asked);
    launch(route, wanted);
  } catch (const std::bad_alloc&) {
    log::escaped("a question ahead of clients");
  }
}

void Fetcher::count_proved(AheadKind kind) {
  budget_.proved();
  ++(kind == AheadKind::refresh ? context_.metrics.prefetches_used : context_.metrics.followers_used);
}

/// True if the question failed a moment ago, or the upstreams of its zone are silent.
bool Fetcher::fails_now(Route& route, const CacheKey& key) const {
  const Instant now = context_.scheduler.now();
  return route.failures.recall(key, now) ||
         context_.cache.recheck().patience_for(route.zone, key, now) == Duration::zero();
}

void Fetcher::refresh_behind(const std::shared_ptr<Route>& route, const Wanted& wanted) {
  try {
    const Instant now = context_.scheduler.now();
    if (route->failures.recall(wanted.key, now) || route->in_flight.crowded()) return;
    if (!context_.cache.recheck().begin(wanted.key, now, now + time_limit) || route->in_flight.begin(wanted.key))
      return;
    budget_.earn();
    launch(route, wanted);
  } catch (const std::bad_alloc&) {
    log::escaped("a refresh of a stale answer");
  }
}

FetchResult Fetcher::denied(const Route& route, const Wanted& wanted) {
  if (validation_.mode() != DnssecMode::on || !validates(route, wanted.key)) return nullptr;
  const Question question = wanted.question.copy();
  const auto denied = validation_.denied(question);
  if (!denied) return nullptr;
  Fetched fetched{make_image(denied->answer, wanted.key.dnssec_ok()), {}};
  stamp(fetched.image, question, {.status = SecurityStatus::secure, .ttl = denied->ttl});
  context_.cache.store(wanted.key, fetched.image, context_.scheduler.now());
  ++context_.metrics.dnssec_denied_here;
  return std::make_shared<const Result<Fetched>>(std::move(fetched));
}

Fetcher::UpstreamQuestion Fetcher::question_to(const std::shared_ptr<Route>& route, const CacheKey& key,
                                               const Question& question) const {
  const bool dnssec_ok = key.dnssec_ok() || validates(*route, key);
  return {key, route, upstream_query(question, dnssec_ok, key.checking_disabled()),
          context_.cache.recheck().answers(route->zone)};
}

/// Asks one question after the other until the answer is whole or has failed. It holds little memory meanwhile, because
/// in an outage hundreds of these wait. If it ends by an exception (no memory), it still tells all waiters: a question
/// that stayed in flight could never be asked again.
Task<void> Fetcher::fly(Flight flight) {
  try {
    for (bool asks = true; asks;) {
      const UpstreamQuestion& now = flight.asked_now();
      Task<Result<Judged>> asking = ask(now, flight.deadline);
      Result<Judged> judged = co_await std::move(asking);
      asks = take(flight, std::move(judged));
    }
  } catch (...) {
    flight.asked.route->in_flight.refuse(flight.asked.key);
    throw;
  }
}

/// True if answers to this question are proven, or at least checked. A client that sets CD does that itself, and a zone
/// of the local network has no place in the tree that the root signs.
bool Fetcher::validates(const Route& route, const CacheKey& key) const {
  return validation_.mode() != DnssecMode::off && !route.is_local && !key.checking_disabled() &&
         CacheKey::read(key.kind()).qclass == Class::in;
}

/// Asks the upstreams, and judges the response while it still has its signatures.
Task<Result<Fetcher::Judged>> Fetcher::ask(const UpstreamQuestion& asked, Instant deadline) {
  const bool validated = validates(*asked.route, asked.key);
  const std::shared_ptr<Upstream> upstreams = asked.route->upstreams;
  // In mode log nobody waits for the verdict, so nothing may travel beside the client's question.
  if (validated && validation_.mode() == DnssecMode::on) validation_.foresee(upstreams, asked.query.question());
  Result<Response> response = co_await upstreams->exchange(asked.query, deadline);
  if (!response) co_return fail(std::move(response.error()));
  if (!validated) co_return Judged{*std::move(response)};
  if (validation_.mode() == DnssecMode::on)
    if (auto known = validation_.judge_at_once(response->message))
      co_return Judged{*std::move(response), *std::move(known)};
  Validation::Subject subject{upstreams, asked.query.question(), other_route_in(asked, response->message), deadline};
  if (validation_.mode() == DnssecMode::log) {
    if (is_signed(response->message)) validation_.rehearse(std::move(subject), *response);
    co_return Judged{*std::move(response)};
  }
  const bool subject_ends = subject.end.has_value();
  Task<Proof> proving = validation_.prove(std::move(subject), *std::move(response));
  Proof proof = co_await std::move(proving);
  if (!subject_ends) validation_.keep_denial(proof, max_ttl_of(AnswerKind::nxdomain, context_.cache.config()));
  co_return Judged{std::move(proof.response), std::move(proof.judgement)};
}

/// True if the answer carries signatures. Mode log judges no other: to prove that a zone is unsigned, it would have to
/// ask upstreams for things that no client wants.
bool Fetcher::is_signed(const Message& message) {
  bool found = false;
  for_each_record(message.wire(), message.index(),
                  [&](const ResourceRecord& record) { found = found || record.type == Type::rrsig; });
  return found;
}

/// The name with which another route's part of an answer begins.
std::optional<Name> Fetcher::other_route_in(const UpstreamQuestion& asked, const Message& message) const {
  bool has_alias = false;
  for_each_record(message.wire(), message.index(), [&](const ResourceRecord& record) {
    const bool is_alias = record.type == Type::cname || record.type == Type::dname;
    has_alias = has_alias || (is_alias && record.section == Section::answer);
  });
  if (!has_alias) return std::nullopt;
  const std::vector<Name> chain = onward(*asked.route, make_image(message, false), asked.key);
  return chain.empty() ? std::nullopt : std::optional(chain.back());
}

/// True if a further question must be asked; otherwise all waiters have been told.
bool Fetcher::take(Flight& flight, Result<Judged> judged) {
  Result<Part> part = read(flight.asked_now(), std::move(judged));
  Whole whole;
  if (flight.chase)
    whole = go_on(flight, std::move(part));
  else if (!part)
    whole = fail(std::move(part.error()));
  else if (part->onward.empty())
    whole = std::move(part->fetched);
  else
    whole = begin_chase(flight, *std::move(part));
  if (whole) land(flight, *std::move(whole));
  return !whole;
}

/// The guard judges what the upstreams say of names of this route. Aliases that lead to another route only lead there.
Result<Fetcher::Part> Fetcher::read(const UpstreamQuestion& asked, Result<Judged> judged) {
  Route& route = *asked.route;
  Recheck& recheck = context_.cache.recheck();
  const Instant now = context_.scheduler.now();
  if (!judged) {
    recheck.failed(asked.attempt(), Recheck::failure_of(judged.error()), now);
    return fail(std::move(judged.error()));
  }
  route.failures.forget_own();
  recheck.answered(route.zone);
  Response& response = judged->response;
  context_.journal.exchanged(response, now);
  if (is_unproven(response.message, judged->judgement))
    return fail(Fault::unproven, judged->judgement->why ? judged->judgement->why->text : "");
  Part part{{make_image(response.message, asked.key.dnssec_ok()), {}}};
  judge_image(part.fetched.image, asked, *judged);
  part.fetched.exchange = std::move(response.exchange);
  part.onward = onward(route, part.fetched.image, asked.key);
  if (part.onward.empty() && !route.is_local && context_.rebind.refuse(part.fetched.image))
    ++context_.metrics.rebinds_refused;
  return part;
}

/// Only our own judgement sets AD while answers are proven.
void Fetcher::judge_image(AnswerImage& image, const UpstreamQuestion& asked, const Judged& judged) const {
  if (judged.judgement)
    stamp(image, asked.query.question(), *judged.judgement);
  else if (validation_.mode() == DnssecMode::on)
    stamp_unjudged(image);
}

/// Keeps what may be kept, and tells all waiters.
void Fetcher::land(const Flight& flight, Result<Fetched> fetched) {
  const auto& [key, route, query, answers] = flight.asked;
  const Instant now = context_.scheduler.now();
  if (fetched) keep(flight, *fetched, now);
  const bool failed = !fetched || fetched->image.kind == AnswerKind::failure;
  const bool bogus = fetched && fetched->image.security == SecurityStatus::bogus;
  const bool unproven = !fetched && fetched.error().fault == Fault::unproven;
  const FetchResult result = std::make_shared<const Result<Fetched>>(std::move(fetched));
  if (bogus) {  // no stale answer stands in for it
    route->failures.remember(key, result, now);
    context_.cache.recheck().refreshed(key);
  } else if (failed) {
    if (!unproven) route->failures.remember(key, result, now);
    const auto failure = *result ? Recheck::Failure::answer : Recheck::failure_of(result->error());
    context_.cache.recheck().failed(flight.asked.attempt(), failure, now);
  } else {
    context_.cache.recheck().refreshed(key);
  }
  route->in_flight.land(key, result);
}

void Fetcher::keep(const Flight& flight, const Fetched& fetched, Instant now) {
  const auto& [key, route, query, answers] = flight.asked;
  const bool crosses = fetched.image.crosses;
  // If the name has another route by now, its upstreams would answer differently: do not keep this answer.
  if (context_.routes.of(key.name()) == route && (!crosses || flight.settings == settings_))
    context_.cache.store(key, fetched.image, now, route->in_flight.ahead_of(key));
  if (query.index().type == Type::https && !route->is_local && !crosses && context_.on_https)
    context_.on_https(key, fetched, flight.origin);
}

}  // namespace tacet
