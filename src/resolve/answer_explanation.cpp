#include "resolve/answer_explanation.hpp"

#include "dns/edns.hpp"
#include "dns/query.hpp"
#include "dns/wire.hpp"
#include "resolve/resolver.hpp"

// The part of the resolver that explains what it would do. It follows the order of answer_now() and changes nothing.
namespace tacet {
namespace {

Rcode rcode_of(const Fetched& fetched) { return static_cast<Rcode>(load16(fetched.image.wire, 2) & flag::rcode_mask); }

}  // namespace

AnswerExplanation Resolver::explanation(const Question& question) {
  AnswerExplanation explanation{.question = question};
  if (const auto judged = judge_query(upstream_query(question, false, false).wire()); !judged)
    explanation.refused = judged.error().rcode;
  const Instant now = scheduler_.now();
  for (const bool checking_disabled : {false, true})
    for (const bool dnssec_ok : {false, true})
      if (const auto kept = cache_.peek({cache_.seed(), question, dnssec_ok, checking_disabled}, now))
        explanation.kept.push_back(*kept);
  const CacheKey key(cache_.seed(), question, false, false);
  const Route& route = *routes_.of(key.name());
  Validation& validation = fetcher_.validation();
  explanation.judged_at = validation.wall_time();
  if (validation.mode() != DnssecMode::off && !route.is_local)
    explanation.chain = chain_to(question.name, validation.table(), explanation.judged_at);
  if (route.is_local) explanation.zone = route.zone;
  explanation.policy = local_data_.policy().rule_for(question);
  if (const auto failure = route.failures.peek(key, now))
    explanation.failure = *failure ? "an upstream answered " + to_string(rcode_of(**failure)) : failure->error().detail;

  const bool answers_plainly =
      !explanation.kept.empty() && explanation.kept.front().is_plain() && explanation.kept.front().fresh();
  if (explanation.refused)
    explanation.answerer = Answerer::nobody;
  else if (local_data_.hosts().answer(question, key.name()))
    explanation.answerer = Answerer::hosts;
  else if (explanation.policy && !explanation.zone)
    explanation.answerer = Answerer::policy;
  else if (answers_plainly)
    explanation.answerer = Answerer::cache;
  else if (!explanation.failure.empty())
    explanation.answerer = Answerer::recent_failure;
  return explanation;
}

}  // namespace tacet
