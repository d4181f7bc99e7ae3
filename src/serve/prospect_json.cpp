#include "serve/prospect_json.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "serve/cache_json.hpp"
#include "serve/json.hpp"

namespace tacet {
namespace {

std::string text_of(const Name& name) {
  std::string text = name.to_string();
  if (text.size() > 1) text.pop_back();
  return text;
}

const char* word(Answerer answerer) {
  switch (answerer) {
    case Answerer::nobody:
      return "nobody";
    case Answerer::hosts:
      return "hosts";
    case Answerer::policy:
      return "policy";
    case Answerer::cache:
      return "cache";
    case Answerer::recent_failure:
      return "recent failure";
    case Answerer::upstream:
      break;
  }
  return "upstream";
}

/// The answer that a client gets that sets neither DO nor CD; null if there is none.
const CacheEntry* plainly_kept(const Outlook& outlook) {
  const auto found = std::ranges::find_if(outlook.kept, &CacheEntry::is_plain);
  return found == outlook.kept.end() ? nullptr : &*found;
}

std::string rule_text(const Outlook& outlook) {
  const std::string zone = text_of(outlook.policy->zone);
  return fmt::format("{} {}", outlook.policy->zone.is_root() ? "it" : zone, outlook.policy->reason);
}

std::string why_upstream(const Outlook& outlook) {
  const CacheEntry* kept = plainly_kept(outlook);
  std::string why =
      kept == nullptr ? "nothing is kept" : fmt::format("what is kept is {}", kept->expired() ? "too old" : "stale");
  if (outlook.zone) why += fmt::format(", and names in {} go to its own servers", text_of(*outlook.zone));
  if (outlook.services.empty()) return why;
  const ServiceOutlook& first = outlook.services.front();
  why += fmt::format("; {} is asked first: ", first.id);
  if (!first.good) return why + "all are failing, and it has failed least";
  return why + "of those that work, the first as configured unless one of its operator's is much faster";
}

std::string why(const Prospect& prospect) {
  const Outlook& outlook = prospect.outlook;
  switch (outlook.answerer) {
    case Answerer::nobody:
      return fmt::format("nobody may be asked for this type: {}", to_string(*outlook.refused));
    case Answerer::hosts:
      return fmt::format("the name is in {}, which comes first", prospect.hosts_file);
    case Answerer::policy:
      return rule_text(outlook);
    case Answerer::cache:
      return fmt::format("kept {} s ago, and fresh for {} s more", outlook.kept.front().age,
                         outlook.kept.front().lifetime - outlook.kept.front().age);
    case Answerer::recent_failure: {
      const CacheEntry* kept = plainly_kept(outlook);
      const bool has_stale = kept != nullptr && !kept->expired();
      return fmt::format("a moment ago: {}; {}", outlook.failure,
                         has_stale ? "the stale answer is given again" : "for a few seconds nobody is asked again");
    }
    case Answerer::upstream:
      break;
  }
  return why_upstream(outlook);
}

Json service(const ServiceOutlook& service) {
  const auto typical = std::chrono::duration<double, std::milli>(service.typical).count();
  return {{"id", service.id},
          {"operator", service.operator_name},
          {"state", service.good ? "good" : "failing"},
          {"warm", service.warm},
          {"typical_ms", service.typical == Duration::zero() ? Json(nullptr) : Json(typical)}};
}

}  // namespace

std::string prospect_json(const Prospect& prospect) {
  const Outlook& outlook = prospect.outlook;
  Json kept = Json::array(), upstreams = Json::array();
  for (const CacheEntry& entry : outlook.kept) kept.push_back(cache_entry_json(entry));
  for (const ServiceOutlook& each : outlook.services) upstreams.push_back(service(each));
  Json json{{"name", text_of(outlook.question.name)},
            {"type", to_string(outlook.question.type)},
            {"answered_by", word(outlook.answerer)},
            {"why", why(prospect)},
            {"hosts_file", prospect.hosts_file.empty() ? Json(nullptr) : Json(prospect.hosts_file)},
            {"policy", outlook.policy ? Json(rule_text(outlook)) : Json(nullptr)},
            {"zone", outlook.zone ? Json(text_of(*outlook.zone)) : Json(nullptr)},
            {"recent_failure", outlook.failure.empty() ? Json(nullptr) : Json(outlook.failure)},
            {"kept", kept},
            {"upstreams", upstreams}};
  return json.dump();
}

}  // namespace tacet
