#include "report/explain_json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/duration.hpp"
#include "dns/name_text.hpp"
#include "report/cache_json.hpp"
#include "report/dnssec_json.hpp"
#include "report/json.hpp"
#include "report/path_json.hpp"

namespace tacet {
namespace {

/// By Answerer.
constexpr std::array<std::string_view, 6> answerer_words{"nobody", "hosts",          "policy",
                                                         "cache",  "recent failure", "upstream"};

/// The answer for a client without DO and CD; null if there is none.
const CacheEntry* plainly_kept(const AnswerExplanation& explanation) {
  const auto found = std::ranges::find_if(explanation.kept, &CacheEntry::is_plain);
  return found == explanation.kept.end() ? nullptr : &*found;
}

std::string rule_text(const AnswerExplanation& explanation) {
  const std::string zone = name_text(explanation.policy->zone);
  return fmt::format("{} {}", explanation.policy->zone.is_root() ? "it" : zone, explanation.policy->reason);
}

std::string why_upstream(const AnswerExplanation& explanation) {
  const CacheEntry* kept = plainly_kept(explanation);
  std::string why =
      kept == nullptr ? "nothing is kept" : fmt::format("the kept answer is {}", kept->expired() ? "too old" : "stale");
  if (explanation.zone) why += fmt::format(", and names in {} go to its own servers", name_text(*explanation.zone));
  if (explanation.services.empty()) return why;
  const ServerExplanation& first = explanation.services.front();
  why += fmt::format("; {} is asked first: ", first.id);
  if (!first.good) return why + "all upstreams fail, and it has failed least";
  return why + "the first working one in the configuration, or a much faster one of the same operator";
}

std::string why(const AnswerExplanation& explanation) {
  switch (explanation.answerer) {
    case Answerer::nobody:
      return fmt::format("nobody may be asked for this type: {}", to_string(*explanation.refused));
    case Answerer::hosts:
      return fmt::format("{} has the name, and comes first", explanation.hosts_file);
    case Answerer::policy:
      return rule_text(explanation);
    case Answerer::cache:
      return fmt::format("kept {} s ago, and fresh for {} s more", explanation.kept.front().age,
                         explanation.kept.front().lifetime - explanation.kept.front().age);
    case Answerer::recent_failure: {
      const CacheEntry* kept = plainly_kept(explanation);
      const bool has_stale = kept != nullptr && !kept->expired();
      return fmt::format(
          "a moment ago: {}; {}", explanation.failure,
          has_stale ? "the stale answer is given again" : "tacet asks no upstream again for a few seconds");
    }
    case Answerer::upstream:
      break;
  }
  return why_upstream(explanation);
}

Json service(const ServerExplanation& service) {
  const auto typical = milliseconds(service.typical);
  return {{"id", service.id},
          {"operator", service.operator_name},
          {"state", service.good ? "good" : "failing"},
          {"warm", service.warm},
          {"path", path_json(service.facts.get())},
          {"typical_ms", service.typical == Duration::zero() ? Json(nullptr) : Json(typical)}};
}

}  // namespace

std::string explain_json(const AnswerExplanation& explanation) {
  Json json{{"name", name_text(explanation.question.name)},
            {"type", to_string(explanation.question.type)},
            {"answered_by", answerer_words[static_cast<std::size_t>(explanation.answerer)]},
            {"why", why(explanation)},
            {"hosts_file", known(explanation.hosts_file)},
            {"policy", explanation.policy ? Json(rule_text(explanation)) : Json(nullptr)},
            {"zone", explanation.zone ? Json(name_text(*explanation.zone)) : Json(nullptr)},
            {"recent_failure", known(explanation.failure)},
            {"kept", array_of(explanation.kept, cache_entry_json)},
            {"chain", chain_json(explanation.chain, explanation.judged_at)},
            {"upstreams", array_of(explanation.services, service)}};
  return json.dump();
}

}  // namespace tacet
