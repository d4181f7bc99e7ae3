#include <new>

#include "base/log.hpp"
#include "resolve/resolver.hpp"

// The part of the resolver that feeds the exposure ledger with what answers to type-65 questions show of their names.
namespace tacet {
namespace {

/// How many times an HTTPS record without parameters may refer to the record of another name (RFC 9460 §2.4.2).
constexpr int most_hops = 8;

Question https_question(const Name& name) { return {name, Type::https, Class::in}; }

}  // namespace

std::optional<std::vector<std::uint8_t>> Resolver::cached(const CacheKey& key, Instant now) {
  std::optional<std::vector<std::uint8_t>> image;
  cache_.find(key, now, [&](const CachedAnswer& answer) {
    if (answer.fresh) image.emplace(answer.image.begin(), answer.image.end());
  });
  return image;
}

HttpsEvidence Resolver::evidence_in(Bytes image, const CacheKey& key, Instant now) {
  HttpsEvidence evidence = read_https_evidence(image);
  for (int hop = 0; evidence.alias; ++hop) {
    if (hop == most_hops) return {.malformed = true};
    const Question next = https_question(*evidence.alias);
    const auto behind = cached({cache_.seed(), next, key.dnssec_ok(), key.checking_disabled()}, now);
    if (!behind) break;
    evidence = read_https_evidence(*behind);
  }
  return evidence;
}

void Resolver::learn(const CacheKey& key, Bytes image, const Provenance& provenance) {
  if (!ledger_.keeps_names()) return;
  try {
    const HttpsEvidence evidence = evidence_in(image, key, provenance.now);
    journal_.learned(key.name(), evidence, provenance);
    if (evidence.alias && ledger_.asks_itself()) prober_.want(*evidence.alias);
  } catch (const std::bad_alloc&) {
    log::escaped("what an answer shows of its name");
  }
}

void Resolver::set_exposure(const ExposureConfig& exposure) {
  ledger_.use(exposure.mode, exposure.names);
  if (!ledger_.asks_itself()) prober_.forget();
}

void Resolver::want_evidence(const Miss& miss) {
  if (!prober_.has_room() || !ledger_.wants_evidence(miss.key.name(), miss.arrived)) return;
  prober_.want(Name::from_checked_wire(miss.key.name()));
}

/// Why a name must not go to the public upstreams; nothing if it may.
std::optional<Error> Resolver::stays_near(const Question& question, const CacheKey& key) const {
  const std::string name = question.name.to_string();
  if (local_data_.hosts().answer(question, key.name())) return Error{Fault::refused, name + " is in the hosts file"};
  const Route& route = *routes_.of(key.name());
  if (route.is_local) return Error{Fault::refused, name + " goes only to the servers of " + route.zone.to_string()};
  if (local_data_.policy().local_answer(question)) return Error{Fault::refused, name + " never leaves this machine"};
  return std::nullopt;
}

bool Resolver::probe(const Name& name) {
  const Question question = https_question(name);
  const CacheKey key(cache_.seed(), question, false, false);
  if (!ledger_.asks_itself() || ledger_.knows(key.name()) || stays_near(question, key)) return false;
  const Instant now = scheduler_.now();
  if (const auto image = cached(key, now)) {
    learn(key, *image, {EvidenceOrigin::client, {}, now});
    return false;
  }
  const std::shared_ptr<Route>& route = routes_.others();
  if (route->in_flight.begin(key)) return false;
  journal_.asked();
  fetcher_.launch(route, {key, QuestionView::of(question), EvidenceOrigin::tacet});
  return true;
}

Task<FetchResult> Resolver::fetch_https(const CacheKey& key, const Question& question) {
  const std::shared_ptr<Route> route = routes_.others();
  InFlight::FlightWaiter waiter(route->in_flight, key);
  if (waiter.leads()) {
    journal_.asked();
    fetcher_.launch(route, {key, QuestionView::of(question), EvidenceOrigin::tacet});
  }
  std::optional<FetchResult> arrived = co_await waiter.wait(scheduler_.now() + examination_limit);
  co_return arrived ? std::move(*arrived) : nullptr;
}

Task<Result<NameExposure>> Resolver::examine(Name name) {
  NameExposure known;
  for (int hop = 0; hop < most_hops; ++hop) {
    const Question question = https_question(name);
    const CacheKey key(cache_.seed(), question, false, false);
    if (auto why_not = stays_near(question, key)) co_return fail(*std::move(why_not));
    if (hop == 0) known.name.assign(key.name().begin(), key.name().end());
    HttpsEvidence evidence;
    std::string upstream;
    if (const auto image = cached(key, scheduler_.now())) {
      evidence = evidence_in(*image, key, scheduler_.now());
    } else {
      const FetchResult fetched = co_await fetch_https(key, question);
      if (!fetched) co_return fail(Fault::timeout, "no upstream answered in time");
      if (!*fetched) co_return fail(fetched->error());
      evidence = evidence_in((*fetched)->image.wire, key, scheduler_.now());
      upstream = (*fetched)->exchange.upstream;
    }
    known.note(evidence, Provenance{EvidenceOrigin::tacet, upstream, scheduler_.now()});
    known.upstream = upstream;
    if (!evidence.alias) break;
    name = *evidence.alias;
  }
  co_return known;
}

}  // namespace tacet
