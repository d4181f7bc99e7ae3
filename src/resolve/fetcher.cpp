#include "resolve/fetcher.hpp"

#include <new>

#include "base/log.hpp"
#include "dns/edns.hpp"

namespace tacet {

void Fetcher::fetch_for(const InFlight::FlightWaiter& waiter, const std::shared_ptr<Route>& route,
                        const Wanted& wanted) {
  if (!waiter.leads())
    ++parts_.metrics.coalesced;
  else if (route->in_flight.crowded())
    route->in_flight.refuse(wanted.key);
  else
    launch(route, wanted);
  parts_.metrics.overloaded = parts_.routes.shed();
}

void Fetcher::launch(const std::shared_ptr<Route>& route, const Wanted& wanted) {
  try {
    parts_.tasks.spawn(fly({.asked = question_to(route, wanted.key, wanted.question.copy()),
                            .origin = wanted.origin,
                            .deadline = parts_.scheduler.now() + time_limit,
                            .settings = settings_}));
  } catch (const std::bad_alloc&) {
    log::escaped("a question to the upstreams");
    route->in_flight.refuse(wanted.key);
  }
}

void Fetcher::refresh_ahead(const std::shared_ptr<Route>& route, const Wanted& wanted) {
  try {
    if (route->in_flight.begin(wanted.key)) return;
    ++parts_.metrics.prefetches;
    launch(route, wanted);
  } catch (const std::bad_alloc&) {
    log::escaped("a refresh of a kept answer");
  }
}

void Fetcher::refresh_behind(const std::shared_ptr<Route>& route, const Wanted& wanted) {
  try {
    const Instant now = parts_.scheduler.now();
    if (route->failures.recall(wanted.key, now) || route->in_flight.crowded()) return;
    if (!parts_.cache.recheck().begin(wanted.key, now, now + time_limit) || route->in_flight.begin(wanted.key)) return;
    launch(route, wanted);
  } catch (const std::bad_alloc&) {
    log::escaped("a refresh of a stale answer");
  }
}

Fetcher::UpstreamQuestion Fetcher::question_to(const std::shared_ptr<Route>& route, const CacheKey& key,
                                               const Question& question) const {
  return {key, route, upstream_query(question, key.dnssec_ok(), key.checking_disabled()),
          parts_.cache.recheck().answers(route->zone)};
}

/// Asks one question after the other until the answer is whole or has failed. It holds little memory meanwhile, because
/// in an outage hundreds of these wait. If it ends by an exception (no memory), it still tells all waiters: a question
/// that stayed in flight could never be asked again.
Task<void> Fetcher::fly(Flight flight) {
  try {
    for (bool asks = true; asks;) {
      const UpstreamQuestion& now = flight.asked_now();
      // The response still has its signatures; the image that take() makes of it may have none.
      Result<Response> response = co_await now.route->upstreams->exchange(now.query, flight.deadline);
      asks = take(flight, std::move(response));
    }
  } catch (...) {
    flight.asked.route->in_flight.refuse(flight.asked.key);
    throw;
  }
}

/// True if a further question must be asked; otherwise all waiters have been told.
bool Fetcher::take(Flight& flight, Result<Response> response) {
  Result<Part> part = read(flight.asked_now(), std::move(response));
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
Result<Fetcher::Part> Fetcher::read(const UpstreamQuestion& asked, Result<Response> response) {
  Route& route = *asked.route;
  Recheck& recheck = parts_.cache.recheck();
  const Instant now = parts_.scheduler.now();
  if (!response) {
    recheck.failed(asked.attempt(), Recheck::failure_of(response.error()), now);
    return fail(std::move(response.error()));
  }
  route.failures.forget_own();
  recheck.answered(route.zone);
  parts_.journal.exchanged(*response, now);
  Part part{{make_image(response->message, asked.key.dnssec_ok()), std::move(response->exchange)}};
  part.onward = onward(route, part.fetched.image, asked.key);
  if (part.onward.empty() && !route.is_local && parts_.rebind.refuse(part.fetched.image))
    ++parts_.metrics.rebinds_refused;
  return part;
}

/// Keeps what may be kept, and tells all waiters.
void Fetcher::land(const Flight& flight, Result<Fetched> fetched) {
  const auto& [key, route, query, answers] = flight.asked;
  const Instant now = parts_.scheduler.now();
  if (fetched) keep(flight, *fetched, now);
  const bool failed = !fetched || fetched->image.kind == AnswerKind::failure;
  const FetchResult result = std::make_shared<const Result<Fetched>>(std::move(fetched));
  if (failed) {
    route->failures.remember(key, result, now);
    const auto failure = *result ? Recheck::Failure::answer : Recheck::failure_of(result->error());
    parts_.cache.recheck().failed(flight.asked.attempt(), failure, now);
  } else {
    parts_.cache.recheck().refreshed(key);
  }
  route->in_flight.land(key, result);
}

void Fetcher::keep(const Flight& flight, const Fetched& fetched, Instant now) {
  const auto& [key, route, query, answers] = flight.asked;
  const bool crosses = fetched.image.crosses;
  // If the name has another route by now, its upstreams would answer differently: do not keep this answer.
  if (parts_.routes.of(key.name()) == route && (!crosses || flight.settings == settings_))
    parts_.cache.store(key, fetched.image, now);
  if (query.index().type == Type::https && !route->is_local && !crosses && parts_.on_https)
    parts_.on_https(key, fetched, flight.origin);
}

}  // namespace tacet
