#include "doctor/portal_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "doctor/seen_answers.hpp"

namespace tacet {
namespace {

/// The address that several names share, one of which cannot exist; empty if there is none.
std::string address_for_all(const PathEvidence& path) {
  constexpr std::size_t least_names = 3;
  std::map<std::string, std::set<std::string>> names;
  std::set<std::string> of_nothing;
  for (const auto& seen : path.clear) {
    const Message* answer = seen.outcome.first();
    if (answer == nullptr) continue;
    for (const auto& address : addresses_in(*answer)) {
      names[address].insert(seen.query.question.name.to_string());
      if (seen.query.check == "path.nxdomain") of_nothing.insert(address);
    }
  }
  const auto found = std::ranges::find_if(
      names, [&](const auto& each) { return each.second.size() >= least_names && of_nothing.contains(each.first); });
  return found == names.end() ? std::string() : found->first;
}

/// What speaks of a portal; empty if nothing does.
std::string evidence_of(const PathEvidence& path, const PortalFacts& facts) {
  if (facts.probe && facts.probe->outcome == PortalProbe::Outcome::another_page) return facts.probe->words;
  if (!facts.word.empty()) return facts.word;
  if (!facts.page.empty()) return fmt::format("the network announces {}", facts.page);
  const auto shared = address_for_all(path);
  return shared.empty() ? shared : fmt::format("{} for every name, and no upstream answers", shared);
}

std::string page_of(const PortalFacts& facts) {
  return facts.page.empty() && facts.probe ? facts.probe->page : facts.page;
}

}  // namespace

Finding judge_portal(const PathEvidence& path, const UpstreamEvidence& upstreams, const PortalFacts& facts) {
  Finding finding{.check = "net.portal", .asked = "whether a page that wants a login stands before the network"};
  const bool reached = std::ranges::any_of(upstreams.tries, &ReachTry::works);
  const auto evidence = reached ? std::string() : evidence_of(path, facts);
  if (reached || (facts.probe && facts.probe->outcome == PortalProbe::Outcome::true_page)) {
    finding.severity = Severity::ok;
    finding.seen = reached ? "upstreams answer" : facts.probe->words;
    finding.means = "nothing wants a login";
  } else if (!evidence.empty()) {
    const auto page = page_of(facts);
    finding.severity = Severity::failure;
    finding.seen = evidence;
    finding.means = "this network wants a login first; until then nothing else passes";
    finding.remedy = fmt::format("log in at {}; tacet connects by itself then",
                                 page.empty() ? "the page that a browser shows for http://example.com" : page);
  } else {
    finding.seen = facts.probe ? facts.probe->words : "no upstream answers, and nothing speaks of a portal";
    finding.means = "this could not be found out (tacet doctor --portal-probe asks for a page in clear)";
  }
  return finding;
}

}  // namespace tacet
