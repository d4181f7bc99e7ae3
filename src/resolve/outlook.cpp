#include "resolve/outlook.hpp"

#include "dns/edns.hpp"
#include "dns/query.hpp"
#include "dns/wire.hpp"
#include "resolve/resolver.hpp"

// The resolver's part that tells what it would do: the same order as in answer_now(), looking only.
namespace tacet {
namespace {

Rcode rcode_of(const Fetched& fetched) { return static_cast<Rcode>(load16(fetched.image.wire, 2) & flag::rcode_mask); }

}  // namespace

Outlook Resolver::outlook(const Question& question) const {
  Outlook outlook{.question = question};
  if (const auto judged = judge_query(upstream_query(question, false, false).wire()); !judged)
    outlook.refused = judged.error().rcode;
  const Instant now = scheduler_.now();
  for (const bool checking_disabled : {false, true})
    for (const bool dnssec_ok : {false, true})
      if (const auto kept = cache_.peek({cache_.seed(), question, dnssec_ok, checking_disabled}, now))
        outlook.kept.push_back(*kept);
  const CacheKey key(cache_.seed(), question, false, false);
  const Route& route = *routes_.of(key.name());
  if (route.is_local) outlook.zone = route.zone;
  outlook.policy = policy_->rule_for(question);
  if (const auto failure = route.failures.peek(key, now))
    outlook.failure = *failure ? "an upstream answered " + to_string(rcode_of(**failure)) : failure->error().detail;

  const bool answers_plainly = !outlook.kept.empty() && outlook.kept.front().is_plain() && outlook.kept.front().fresh();
  if (outlook.refused)
    outlook.answerer = Answerer::nobody;
  else if (hosts_->answer(question, key.name()))
    outlook.answerer = Answerer::hosts;
  else if (outlook.policy && !outlook.zone)
    outlook.answerer = Answerer::policy;
  else if (answers_plainly)
    outlook.answerer = Answerer::cache;
  else if (!outlook.failure.empty())
    outlook.answerer = Answerer::recent_failure;
  return outlook;
}

}  // namespace tacet
