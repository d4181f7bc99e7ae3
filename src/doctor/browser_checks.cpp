#include "doctor/browser_checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>

namespace tacet {
namespace {

/// True if the URL's host is this machine.
bool is_here(std::string_view url) {
  constexpr std::string_view scheme = "https://";
  if (!url.starts_with(scheme)) return false;
  const auto host = url.substr(scheme.size(), url.find('/', scheme.size()) - scheme.size());
  constexpr std::array<std::string_view, 3> ours{"127.", "[::1]", "localhost"};
  return std::ranges::any_of(ours, [&](std::string_view each) { return host.starts_with(each); });
}

Finding judge_browser(const BrowserProfile& profile) {
  Finding finding{.check = "host.browser",
                  .asked = fmt::format("the settings of {}{}", profile.browser,
                                       profile.profile.empty() ? std::string() : " in " + profile.profile)};
  finding.seen = fmt::format(
      "{}{}", profile.server.empty() ? "it asks the system for names" : "it asks " + profile.server + " for names",
      profile.by_policy ? ", by a policy" : "");
  switch (way_of(profile)) {
    case BrowserWay::past_tacet:
      finding.severity = Severity::warning;
      finding.means = "this browser goes past tacet: its questions go to a server of its own";
      finding.remedy = profile.by_policy ? "ask the administrator who wrote the policy"
                                         : "sudo tacet browser setup, or turn DNS over HTTPS off in its settings";
      break;
    case BrowserWay::without_ech:
      finding.severity = Severity::note;
      finding.means =
          "this browser asks tacet, and shows the names of sites in clear: it never asks for the keys of ECH";
      if (!profile.uses_ech)
        finding.means = "this browser asks tacet, and shows the names of sites in clear: ECH is off";
      finding.remedy = profile.uses_ech ? "sudo tacet browser setup" : "turn ECH on in its settings";
      break;
    case BrowserWay::with_ech:
      finding.severity = Severity::ok;
      finding.means = "this browser asks tacet, and hides the names of sites that offer ECH";
      break;
  }
  return finding;
}

}  // namespace

BrowserWay way_of(const BrowserProfile& profile) {
  if (!profile.server.empty() && !is_here(profile.server)) return BrowserWay::past_tacet;
  const bool gets_keys = !profile.server.empty() || profile.asks_system_for_keys;
  return gets_keys && profile.uses_ech ? BrowserWay::with_ech : BrowserWay::without_ech;
}

std::vector<Finding> judge_browsers(const std::vector<BrowserProfile>& profiles) {
  std::vector<Finding> findings;
  std::ranges::transform(profiles, std::back_inserter(findings), judge_browser);
  return findings;
}

}  // namespace tacet
