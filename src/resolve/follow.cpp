#include <algorithm>
#include <string>

#include "dns/alias_chain.hpp"
#include "dns/reply.hpp"
#include "dns/wire.hpp"
#include "resolve/fetcher.hpp"

// The part of the fetcher that follows aliases from names of one route to names of another, and those that an answer
// leaves open. It fetches each part of such an answer from the upstreams of its name.
namespace tacet {
namespace {

/// The most times that one answer may lead from one route to another.
constexpr int most_crossings = 8;

/// A kept answer as if it had just arrived.
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

/// Adds names to a chain that ends with the first of them. Returns why the chain cannot go on; nothing if it can.
std::optional<Error> lengthen(std::vector<Name>& chain, std::span<const Name> onward) {
  for (const Name& name : onward.subspan(1)) {
    if (std::ranges::find(chain, name) != chain.end())
      return Error{Fault::malformed, "the name's aliases lead in a circle"};
    chain.push_back(name);
  }
  return std::nullopt;
}

}  // namespace

/// The names by which an answer leads to another route, up to the first name that the other route or this machine
/// answers; none if the answer stays here. If a zone's server settles a public name itself, the answer stays here. An
/// answer that neither has records for its last name nor denies them leads to a question for that name.
std::vector<Name> Fetcher::onward(const Route& route, const AnswerImage& image, const CacheKey& key) const {
  std::vector<Name> chain = alias_chain(image);
  const Type type = CacheKey::read(key.kind()).type;
  for (std::size_t i = 1; i < chain.size(); ++i) {
    const Question question{chain[i], type, Class::in};
    const CacheKey target(context_.cache.seed(), question, key.dnssec_ok(), key.checking_disabled());
    const Route* const other = context_.routes.of(target.name()).get();
    if (!(other->is_local && other != &route) && !context_.local_data.find(QuestionView::of(question), target))
      continue;
    chain.resize(i + 1);
    return chain;
  }
  const bool may_end_early = route.is_local || image.kind != AnswerKind::failure;
  const bool goes_on = chain.size() > 1 && may_end_early && leaves_open(image, chain.back());
  return goes_on ? chain : std::vector<Name>{};
}

Fetcher::Whole Fetcher::begin_chase(Flight& flight, Part front) {
  flight.chase = std::make_unique<Chase>(Chase{.whole = std::move(front.fetched),
                                               .chain = {Name::from_checked_wire(flight.asked.key.name())},
                                               .from = flight.asked.route,
                                               .asked = std::nullopt});
  return follow(flight, front.onward);
}

/// The same after the rest has been asked for.
Fetcher::Whole Fetcher::go_on(Flight& flight, Result<Part> rest) {
  Chase& chase = *flight.chase;
  keep_rest(*chase.asked, rest);
  if (!rest) return fail(std::move(rest.error()));
  chase.whole.image = join(chase.whole.image, chase.chain, rest->fetched.image);
  chase.from = chase.asked->route;
  if (rest->onward.empty()) return std::move(chase.whole);
  return follow(flight, rest->onward);
}

/// Finds the answer of the name to which aliases lead. If it is not known here, it will be asked for.
Fetcher::Whole Fetcher::follow(Flight& flight, std::span<const Name> onward) {
  Chase& chase = *flight.chase;
  if (chase.crossings++ == most_crossings)
    return fail(Fault::malformed, "the name's aliases lead from one zone to another too often");
  if (auto error = lengthen(chase.chain, onward)) return fail(*std::move(error));
  const CacheKey::Kind kind = CacheKey::read(flight.asked.key.kind());
  const Question question{chase.chain.back(), kind.type, kind.qclass};
  const CacheKey key(context_.cache.seed(), question, kind.dnssec_ok, kind.checking_disabled);
  const Whole rest = known(chase, question, key);
  if (!rest) {
    chase.asked = question_to(context_.routes.of(key.name()), key, question);
    return std::nullopt;
  }
  if (!*rest) return rest;
  chase.whole.image = join(chase.whole.image, chase.chain, (*rest)->image);
  return std::move(chase.whole);
}

/// An answer that needs no question: this machine's own, a kept one, or a failure of a moment ago.
Fetcher::Whole Fetcher::known(const Chase& chase, const Question& question, const CacheKey& key) {
  Fetched known;
  if (auto own = context_.local_data.find(QuestionView::of(question), key)) {
    known.image = *std::move(own);
    if (!chase.from->is_local && context_.rebind.refuse_own(known.image, chase.chain.front()))
      ++context_.metrics.rebinds_refused;
    return known;
  }
  bool kept = false;
  context_.cache.find(key, context_.scheduler.now(), [&](const CachedAnswer& answer) {
    if (answer.fresh) known.image = aged_copy(answer, context_.cache.config());
    kept = answer.fresh;
  });
  if (kept) return known;
  const FetchResult failure = context_.routes.of(key.name())->failures.recall(key, context_.scheduler.now());
  return failure ? Whole(*failure) : std::nullopt;
}

/// The rest is also the answer of its own name.
void Fetcher::keep_rest(const UpstreamQuestion& asked, const Result<Part>& rest) {
  const auto& [key, route, query, answers] = asked;
  const Instant now = context_.scheduler.now();
  if (!rest && rest.error().fault == Fault::unproven) return;
  if (!rest || rest->fetched.image.kind == AnswerKind::failure) {
    auto failure = rest ? Result<Fetched>(rest->fetched) : Result<Fetched>(fail(rest.error()));
    route->failures.remember(key, std::make_shared<const Result<Fetched>>(std::move(failure)), now);
  } else if (rest->onward.empty() && context_.routes.of(key.name()) == route) {
    context_.cache.store(key, rest->fetched.image, now);
  }
}

}  // namespace tacet
