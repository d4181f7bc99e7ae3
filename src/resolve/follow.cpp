#include <algorithm>
#include <string>

#include "dns/alias_chain.hpp"
#include "dns/edns.hpp"
#include "dns/reply.hpp"
#include "dns/wire.hpp"
#include "resolve/resolver.hpp"

// The resolver's part that follows aliases from names of one way to names of another: each part of such an answer is
// asked for where its name belongs.
namespace tacet {
namespace {

/// No answer leads from one who answers to another more often.
constexpr int most_crossings = 8;

/// A kept answer as if it came just now.
AnswerImage aged_copy(const CachedAnswer& kept, const CacheConfig& clamps) {
  const ReplySource source{.age = kept.age, .min_ttl = clamps.min_ttl, .max_ttl = max_ttl_of(kept.kind, clamps)};
  AnswerImage image;
  image.wire.assign(kept.image.begin(), kept.image.end());
  image.kind = kept.kind;
  image.security = kept.security;
  if (kept.extended_error)
    image.extended_error = ExtendedError{*kept.extended_error, std::string(kept.extended_error_text)};
  for (const std::uint16_t at : kept.ttl_offsets) store32(image.wire, at, aged_ttl(load32(image.wire, at), source));
  return image;
}

}  // namespace

/// What this machine says of a name by itself, before any cache and upstream.
std::optional<AnswerImage> Resolver::own_answer(const Question& question, const CacheKey& key) const {
  if (hosts_->might_hold(key.name()))
    if (auto image = hosts_->answer(question, key.name())) return image;
  const bool elsewhere = question.qclass == Class::in && routes_.of(key.name())->is_local;
  if (elsewhere || !policy_->might_answer(key.name(), question.type, question.qclass)) return std::nullopt;
  return policy_->local_answer(question, asker_of(key));
}

/// The names along which an answer leads over a border, up to the first that another way, or this machine, answers for;
/// none if it stays here. A public name is left to a zone's server that settles it.
std::vector<Name> Resolver::onward(const Route& route, const AnswerImage& image, const CacheKey& key) const {
  std::vector<Name> chain = alias_chain(image);
  const Type type = CacheKey::read(key.kind()).type;
  for (std::size_t i = 1; i < chain.size(); ++i) {
    const Question question{chain[i], type, Class::in};
    const CacheKey target(cache_.seed(), question, key.dnssec_ok(), key.checking_disabled());
    const Route* const other = routes_.of(target.name()).get();
    if (!(other->is_local && other != &route) && !own_answer(question, target)) continue;
    chain.resize(i + 1);
    return chain;
  }
  const bool goes_on = chain.size() > 1 && route.is_local && leaves_open(image, chain.back());
  return goes_on ? chain : std::vector<Name>{};
}

/// Asks a way's upstreams. What they say of a name that is theirs is judged; aliases that lead elsewhere are only that.
Task<Result<Resolver::Part>> Resolver::ask(const std::shared_ptr<Route>& route, const CacheKey& key,
                                           const Question& question, Instant deadline) {
  const Message query = upstream_query(question, key.dnssec_ok(), key.checking_disabled());
  Recheck& recheck = cache_.recheck();
  const Recheck::Attempt attempt{route->zone, key, recheck.answers(route->zone)};
  Result<Response> response = co_await route->upstreams->exchange(query, deadline);
  const Instant now = scheduler_.now();
  if (!response) {
    recheck.failed(attempt, failure_of(response.error()), now);
    co_return fail(std::move(response.error()));
  }
  route->failures.forget_own();
  recheck.answered(route->zone);
  journal_.exchanged(*response, now);
  Part part;
  part.fetched.image = make_image(response->message, key.dnssec_ok());
  part.fetched.exchange = std::move(response->exchange);
  part.route = route;
  part.onward = onward(*route, part.fetched.image, key);
  if (part.onward.empty() && !route->is_local && rebind_.refuse(part.fetched.image)) ++metrics_.rebinds_refused;
  co_return part;
}

/// The answer for a name that an alias leads to: this machine's own, a kept one, or that of its own way.
Task<Result<Resolver::Part>> Resolver::rest_of(const CacheKey& key, const Question& question, Instant deadline) {
  Part known;
  if (auto own = own_answer(question, key)) {
    known.own = true;
    known.fetched.image = *std::move(own);
    co_return known;
  }
  std::optional<AnswerImage> kept;
  cache_.find(key, scheduler_.now(), [&](const CachedAnswer& answer) {
    if (answer.fresh) kept = aged_copy(answer, cache_.config());
  });
  if (kept) {
    known.fetched.image = *std::move(kept);
    co_return known;
  }
  const std::shared_ptr<Route> route = routes_.of(key.name());
  if (const FetchResult failure = route->failures.recall(key, scheduler_.now())) {
    if (!*failure) co_return fail(failure->error());
    known.fetched = **failure;
    co_return known;
  }
  Result<Part> part = co_await ask(route, key, question, deadline);
  if (!part || part->fetched.image.kind == AnswerKind::failure) {
    auto failure = part ? Result<Fetched>(part->fetched) : Result<Fetched>(fail(part.error()));
    route->failures.remember(key, std::make_shared<const Result<Fetched>>(std::move(failure)), scheduler_.now());
  } else if (part->onward.empty() && routes_.of(key.name()) == route) {
    cache_.store(key, part->fetched.image, scheduler_.now());
  }
  co_return part;
}

/// Follows the aliases of an answer that lead elsewhere, to the end.
Task<Result<Fetched>> Resolver::follow(Part& front, const CacheKey& key, Instant deadline) {
  const CacheKey::Kind kind = CacheKey::read(key.kind());
  Fetched whole = std::move(front.fetched);
  std::vector<Name> chain{Name::from_checked_wire(key.name())};
  std::shared_ptr<Route> from = std::move(front.route);
  std::vector<Name> next = std::move(front.onward);
  for (int crossings = 0; !next.empty(); ++crossings) {
    if (crossings == most_crossings)
      co_return fail(Fault::malformed, "the name's aliases lead from one zone to another too often");
    for (const Name& name : std::span(next).subspan(1)) {
      if (std::ranges::find(chain, name) != chain.end())
        co_return fail(Fault::malformed, "the name's aliases lead in a circle");
      chain.push_back(name);
    }
    const Question question{chain.back(), kind.type, kind.qclass};
    const CacheKey target(cache_.seed(), question, kind.dnssec_ok, kind.checking_disabled);
    Result<Part> rest = co_await rest_of(target, question, deadline);
    if (!rest) co_return fail(std::move(rest.error()));
    if (rest->own && !from->is_local && rebind_.refuse_own(rest->fetched.image, chain.front()))
      ++metrics_.rebinds_refused;
    whole.image = join(whole.image, chain, rest->fetched.image);
    next = std::move(rest->onward);
    if (rest->route) from = std::move(rest->route);
  }
  co_return whole;
}

}  // namespace tacet
