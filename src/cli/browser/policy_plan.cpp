#include "cli/browser/policy_plan.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <set>
#include <system_error>

#include "cli/browser/browser_files.hpp"
#include "cli/browser/policies.hpp"

namespace tacet {
namespace {

namespace fs = std::filesystem;

/// The policy files of a folder other than ours, in order.
std::set<std::string> other_files(const fs::path& folder, const fs::path& ours) {
  std::set<std::string> found;
  std::error_code absent;
  for (const auto& entry : fs::directory_iterator(folder, absent))
    if (entry.path().extension() == ".json" && entry.path() != ours) found.insert(entry.path().string());
  return found;
}

std::string content_of(const std::string& path) {
  std::error_code error;
  const auto target = fs::canonical(path, error);
  const auto image = read_image(error ? path : target.string());
  return image ? image->content : std::string();
}

/// Plans one browser after the other.
class Planner {
public:
  Planner(const PolicyWish& wish, const ChangeRecord& record) : wish_(wish), record_(record) {}

  void add(const Browser& browser) {
    if (browser.kind == PolicyKind::chromium) return add_chromium(browser);
    if (browser.kind == PolicyKind::firefox) return add_firefox(browser);
    plan_.left_alone.push_back(
        fmt::format("{}: left alone. Its sandbox hides the policies of this machine from it", browser.name));
  }

  PolicyPlan take() { return std::move(plan_); }

private:
  std::string at_root(const std::string& path) const { return wish_.root + path; }

  bool planned(const std::string& path) const {
    return std::ranges::find(plan_.files, path, &PolicyFile::path) != plan_.files.end();
  }

  void obstruct(const Browser& browser, const std::string& path, const std::string& why) {
    plan_.obstacles.push_back(fmt::format("{}: left as it is: {} {}", browser.name, path, why));
  }

  /// The reason why our own file must not be written: somebody else's text is in it.
  std::optional<std::string> foreign(const std::string& path, const std::string& wanted) const {
    const auto now = read_image(at_root(path));
    if (!now) return now.error().detail;
    if (now->kind == FileImage::Kind::absent || now->content == wanted) return std::nullopt;
    if (!record_.has(path)) return "is there already, and tacet did not write it: remove it or rename it first";
    const auto state = record_.state(path);
    if (state && *state != ChangeState::edited) return std::nullopt;
    return "was changed since tacet wrote it: remove it, and try again";
  }

  void add_chromium(const Browser& browser) {
    const auto path = policy_path(browser);
    if (planned(path)) return;
    for (const auto& file : other_files(at_root(std::string(browser.policies)), at_root(path))) {
      const auto shared = shared_policy_keys(content_of(file));
      if (shared && !shared->empty())
        return obstruct(browser, file, fmt::format("sets {}: take that out first", fmt::join(*shared, ", ")));
    }
    auto text = chromium_policy(wish_.authority);
    if (const auto why = foreign(path, text)) return obstruct(browser, at_root(path), *why);
    plan_.files.push_back({std::string(browser.name), path, std::move(text)});
  }

  void add_firefox(const Browser& browser) {
    const auto path = policy_path(browser);
    if (planned(path)) return;
    const auto now = content_of(at_root(path));
    if (!wish_.firefox && !record_.has(path)) {
      plan_.left_alone.push_back(
          fmt::format("{}: left alone. It asks for the keys of ECH by itself, and uses them (--firefox gives it a "
                      "policy all the same)",
                      browser.name));
      return;
    }
    auto text =
        is_firefox_policies(now) ? Result<std::string>(now) : firefox_policies(now, BrowserFiles::authority_path());
    if (!text) return obstruct(browser, at_root(path), text.error().detail + ": see to that first");
    plan_.files.push_back({std::string(browser.name), path, *std::move(text)});
  }

  const PolicyWish& wish_;
  const ChangeRecord& record_;
  PolicyPlan plan_;
};

}  // namespace

std::string policy_path(const Browser& browser) {
  if (browser.policies.empty()) return {};
  return fmt::format("{}/{}", browser.policies, browser.kind == PolicyKind::firefox ? "policies.json" : "tacet.json");
}

PolicyPlan plan_policies(const PolicyWish& wish, const ChangeRecord& record) {
  Planner planner(wish, record);
  for (const auto& browser : find_browsers(wish.root)) planner.add(browser);
  return planner.take();
}

}  // namespace tacet
