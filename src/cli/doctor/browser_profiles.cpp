#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "base/file_text.hpp"
#include "cli/browser/browsers.hpp"
#include "cli/doctor/browser_settings.hpp"

namespace tacet {
namespace {

namespace fs = std::filesystem;

/// Where a browser keeps its profiles, below a home.
struct ProfilePlace {
  std::string_view browser;  ///< Browser::name
  std::string_view folder;
};
constexpr std::array places{
    ProfilePlace{"Chromium", ".config/chromium"},
    ProfilePlace{"Chromium (chromium-browser)", ".config/chromium"},
    ProfilePlace{"Chromium (Snap)", "snap/chromium/common/chromium"},
    ProfilePlace{"Chromium (Flatpak)", ".var/app/org.chromium.Chromium/config/chromium"},
    ProfilePlace{"Chrome", ".config/google-chrome"},
    ProfilePlace{"Brave", ".config/BraveSoftware/Brave-Browser"},
    ProfilePlace{"Edge", ".config/microsoft-edge"},
    ProfilePlace{"Vivaldi", ".config/vivaldi"},
    ProfilePlace{"Firefox ESR", ".mozilla/firefox"},
    ProfilePlace{"Firefox", ".mozilla/firefox"},
    ProfilePlace{"Firefox (Snap)", "snap/firefox/common/.mozilla/firefox"},
    ProfilePlace{"Firefox (Flatpak)", ".var/app/org.mozilla.firefox/.mozilla/firefox"},
};

std::vector<fs::path> entries_of(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) found.push_back(entry.path());
  return found;
}

/// Root looks at everybody's profiles.
std::vector<fs::path> homes() {
  auto found = ::geteuid() == 0 ? entries_of("/home") : std::vector<fs::path>();
  if (const char* own = std::getenv("HOME")) found.emplace_back(own);
  return found;
}

bool is_firefox(const Browser& browser) { return browser.name.starts_with("Firefox"); }

std::vector<std::string> policy_texts(const Browser& browser) {
  std::vector<std::string> texts;
  if (!browser.policies.empty())
    for (const auto& file : entries_of(browser.policies)) texts.push_back(file_text(file));
  return texts;
}

BrowserProfile profile_at(const Browser& browser, const fs::path& path) {
  BrowserProfile made;
  const auto own = [&](const char* name) { return path.empty() ? std::string() : file_text(path / name); };
  if (is_firefox(browser)) {
    const auto policies =
        browser.policies.empty() ? std::string() : file_text(fs::path(browser.policies) / "policies.json");
    made = firefox_settings(policies, own("prefs.js") + own("user.js"));
  } else {
    made = chromium_settings(policy_texts(browser), own("Local State"));
  }
  made.browser = browser.name;
  made.profile = path;
  return made;
}

/// Chromium has the settings of all its profiles in one file; each profile of Firefox has its own.
std::vector<fs::path> profile_paths(const Browser& browser) {
  std::vector<fs::path> found;
  std::error_code error;
  for (const auto& home : homes())
    for (const auto& place : places) {
      if (place.browser != browser.name) continue;
      const fs::path folder = home / place.folder;
      if (!is_firefox(browser) && fs::exists(folder / "Local State", error)) found.push_back(folder);
      if (!is_firefox(browser)) continue;
      for (const auto& profile : entries_of(folder))
        if (fs::exists(profile / "prefs.js", error) || fs::exists(profile / "user.js", error)) found.push_back(profile);
    }
  return found;
}

}  // namespace

std::vector<BrowserProfile> browser_profiles() {
  std::vector<BrowserProfile> profiles;
  for (const Browser& browser : find_browsers("")) {
    auto paths = profile_paths(browser);
    if (paths.empty()) paths.emplace_back();
    for (const auto& path : paths) profiles.push_back(profile_at(browser, path));
  }
  return profiles;
}

}  // namespace tacet
