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

}  // namespace

Finding judge_portal(const PathEvidence& path, const UpstreamEvidence& upstreams, const PortalFacts& facts) {
  Finding finding{.check = "net.portal", .asked = "whether a page that wants a login stands before the network"};
  const auto shared = address_for_all(path);
  if (std::ranges::any_of(upstreams.tries, &ReachTry::works)) {
    finding.severity = Severity::ok;
    finding.seen = "upstreams answer";
    finding.means = "nothing wants a login";
  } else if (!facts.word.empty() || !facts.page.empty() || !shared.empty()) {
    finding.severity = Severity::failure;
    finding.seen = !facts.word.empty()   ? facts.word
                   : !facts.page.empty() ? fmt::format("the network announces {}", facts.page)
                                         : fmt::format("{} for every name, and no upstream answers", shared);
    finding.means = "this network wants a login first; until then nothing else passes";
    finding.remedy =
        fmt::format("log in at {}; tacet connects by itself then",
                    facts.page.empty() ? "the page that a browser shows for http://example.com" : facts.page);
  } else {
    finding.seen =
        upstreams.tries.empty() ? "nothing was asked" : "no upstream answers, and nothing speaks of a portal";
    finding.means = "this could not be found out";
  }
  return finding;
}

}  // namespace tacet
