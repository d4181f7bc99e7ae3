#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>
#include <string>

#include "base/clock.hpp"
#include "cli/browser/browser.hpp"
#include "cli/browser/browser_files.hpp"
#include "cli/browser/browser_machine.hpp"
#include "cli/browser/browsers.hpp"
#include "cli/browser/change_record.hpp"
#include "cli/browser/listener_probe.hpp"
#include "cli/browser/policies.hpp"
#include "cli/browser/policy_plan.hpp"

namespace tacet {
namespace {

/// One look at the machine. Every function says its line, and returns whether all is well.
class BrowserStatus {
public:
  BrowserStatus(const BrowserRequest& request, const BrowserMachine& machine)
      : machine_(machine),
        files_(request.root),
        browsers_(find_browsers(request.root)) {
    if (const auto facts = read_certificate(files_.authority().value_or(""))) authority_ = facts->base64;
  }

  bool listener() const;
  bool certificate() const;
  bool browsers() const;
  bool is_set_up() const { return !authority_.empty(); }

private:
  bool browser(const Browser& one) const;
  bool tell(std::string_view subject, std::string_view line, bool good) const {
    machine_.say(fmt::format("{:<28}  {}", subject, line));
    return good;
  }

  const BrowserMachine& machine_;
  BrowserFiles files_;
  std::vector<Browser> browsers_;
  std::string authority_;  // DER in base64; empty: there is none
};

bool BrowserStatus::listener() const {
  if (!machine_.is_here()) return tell("listener", "not asked: this is not the running system", true);
  const auto answers = probe_listener(BrowserFiles::authority_path());
  if (answers) return tell("listener", fmt::format("answers at {}", browser_url), true);
  return tell("listener", fmt::format("does not answer at {}: {}", browser_url, answers.error().detail), false);
}

bool BrowserStatus::certificate() const {
  const auto facts = read_certificate(files_.leaf().value_or(""));
  if (!facts) return tell("certificate", "is missing: run `tacet browser setup`", false);
  const auto now = SystemClock().wall_time();
  const auto left = std::chrono::duration_cast<std::chrono::days>(facts->ends - now).count();
  const auto ends = std::chrono::time_point_cast<std::chrono::seconds>(facts->ends);
  const auto line =
      fmt::format("ends on {:%Y-%m-%d}, in {} days; {}", fmt::gmtime(std::chrono::system_clock::to_time_t(ends)), left,
                  machine_.timer_runs() ? "tacet-browser.timer renews it"
                                        : "no timer renews it: run `tacet browser renew` every week");
  return tell("certificate", line, facts->ends > now);
}

bool BrowserStatus::browser(const Browser& one) const {
  if (one.kind == PolicyKind::unknown)
    return tell(one.name, "its sandbox hides the policies of this machine from it", true);
  const auto image = read_image(machine_.at_root(policy_path(one)));
  const auto text = image ? image->content : std::string();
  if (one.kind == PolicyKind::firefox) {
    if (is_firefox_policies(text)) return tell(one.name, "policy in place", true);
    return tell(one.name, "has no policy of ours, and needs none: it asks for the keys of ECH by itself", true);
  }
  if (text.empty()) return tell(one.name, "no policy: run `tacet browser setup`", false);
  if (is_chromium_policy(text, authority_)) return tell(one.name, "policy in place, authority trusted", true);
  return tell(one.name,
              fmt::format("{} is not as tacet writes it: the browser may ask elsewhere, or not trust tacet",
                          machine_.at_root(policy_path(one))),
              false);
}

bool BrowserStatus::browsers() const {
  bool good = true;
  for (const auto& one : browsers_) good = browser(one) && good;
  if (browsers_.empty()) machine_.say("no browser that tacet knows is installed here");
  return good;
}

}  // namespace

int run_browser_status(const BrowserRequest& request, std::ostream& out, std::ostream& err) {
  const BrowserMachine machine(request, {out, err});
  const BrowserStatus status(request, machine);
  if (!status.is_set_up()) {
    machine.say("not set up (tacet browser setup)");
    status.browsers();
    return 1;
  }
  const bool listener = status.listener();
  const bool certificate = status.certificate();
  const bool browsers = status.browsers();
  return listener && certificate && browsers ? 0 : 1;
}

}  // namespace tacet
